"""Tells of products in HTTP: requests and their answers.

What only the client says (address, user agent) proves nothing: a scanner says it to everything. So
a row asks for the status and the kind of the answer that the product gives. A server with a page
for whatever it is asked answers any path with 200 and HTML, or with 302; one behind a logon answers
any with 401; a REST service any with JSON and 401, 403 or 404. Where a row asks for no more than
that, the path is a mere guess (`GUESS`).
"""

from __future__ import annotations

from parsers.services.product import GUESS, UNSEEN, Product

TYPES = "resp_mime_types"  # by content, in Zeek's words
XML, JSON = {TYPES: "(?:application|text)/xml"}, {TYPES: "(?:text|application)/json|text/ini"}
PAGE, TEXT = {TYPES: "text/html"}, {TYPES: "text/html|text/plain"}
PROGRAM = {TYPES: "application/(?:x-dosexec|msword|zip|java-archive)"}
GET, POST = {"method": "GET"}, {"method": "POST"}
OK, MADE, SWITCHED = {"status_code": "200"}, {"status_code": "20[01]"}, {"status_code": "101"}
LET_IN = {"status_code": "200|302"}  # the page, or on to its logon
LOGON = {"status_code": "401"}
ENVELOPE = {"response_body_len": "0|[0-9]{3,}"}  # none while the logon goes on
DOCKER = r"/v1\.[1-9][0-9]"
NAMESPACED = "/api/v1/namespaces/[^/]+"

HTTP: tuple[Product, ...] = (
    # --- Gateways of VPNs
    Product(
        *("anyconnect", "http", "it answered the request for an AnyConnect tunnel"),
        {"uri": "/CSCOSSLC/tunnel", "method": "CONNECT"} | OK,
        *(UNSEEN, "draft-mavrogiannopoulos-openconnect 2.1.3"),
        unless=TEXT,
    ),
    Product(
        *("anyconnect", "http", "it answered an AnyConnect client's logon with XML"),
        {"user_agent": "(?:Cisco |Open )?AnyConnect[ -].*"} | POST | OK | XML,
        *(UNSEEN, "draft-mavrogiannopoulos-openconnect 2.1.2: config-auth"),
    ),
    Product(
        *("anyconnect", "http", "it has a page where Cisco ASA has its own"),
        {"uri": r"/\+(?:CSCOE|CSCOT|CSCOU|webvpn)\+/.+"} | LET_IN,
        *(GUESS, "Cisco ASA, clientless SSL VPN"),
    ),
    Product(
        *("globalprotect", "http", "it answered a GlobalProtect request with XML"),
        {"uri": r"/(?:ssl-vpn|global-protect)/(?:prelogin|getconfig|hipreportcheck)\.esp"}
        | OK
        | XML,
        *(UNSEEN, "openconnect, PAN GlobalProtect protocol"),
    ),
    Product(
        *("globalprotect", "http", "it has a page where GlobalProtect has its own"),
        {"uri": r"/global-protect/(?:login|portal/portal|getsoftwarepage)\.esp|/ssl-vpn/login\.esp"}
        | OK,
        *(GUESS, "Palo Alto Networks, GlobalProtect portal"),
    ),
    Product(
        *("pulse", "http", "it let a Pulse client switch to its own protocol"),
        {"user_agent": "(?:Pulse-Secure|Junos-?Pulse|Ivanti-?Secure)[-A-Za-z]*/.*"}
        | GET
        | SWITCHED,
        *(UNSEEN, "openconnect pulse.c: Upgrade of IF-T/TLS 1.0"),
    ),
    Product(
        *("pulse", "http", "it answered a Network Connect client"),
        {"uri": r"/dana/js\?prot=1&svc=[14]"} | POST | OK,
        *(UNSEEN, "openconnect oncp.c"),
        unless=TEXT,
    ),
    Product(
        *("pulse", "http", "it has a page where Pulse and Ivanti gateways have theirs"),
        {"uri": "/dana-na/.+"} | LET_IN,
        *(GUESS, "Ivanti Connect Secure, sign-in pages"),
    ),
    Product(
        *("fortigate", "http", "it answered a FortiGate SSL VPN request with XML"),
        {"uri": "/remote/(?:fortisslvpn_xml|info)"} | OK | XML,
        *(UNSEEN, "openfortivpn; Fortinet, SSL VPN"),
    ),
    Product(
        *("fortigate", "http", "it has a page where FortiGate's SSL VPN has its own"),
        {"uri": "/remote/(?:login|logincheck|fgt_lang|hostcheck_(?:install|validate)|index)"} | OK,
        *(GUESS, "Fortinet, SSL VPN web mode"),
    ),
    Product(
        *("sonicwall", "http", "it answered a SonicOS request with JSON"),
        {"uri": "/api/sonicos/.+"} | OK | JSON,
        *(UNSEEN, "SonicWall, SonicOS API"),
    ),
    Product(
        *("sonicwall", "http", "it answered a NetExtender client"),
        {"uri": "/cgi-bin/(?:sslvpnclient|userLogin)", "user_agent": ".*SonicW(?:ALL|all) NetEx.*"}
        | OK,
        *(0.6, "SonicWall, NetExtender"),
        unless=PAGE,
    ),
    Product(
        *("sonicwall", "http", "it has a page where SonicWall's SSL VPN has its own"),
        {"uri": "/cgi-bin/(?:sslvpnclient|userLogin|welcome)|/sonicui/.+|/__api__/v1/logon"} | OK,
        *(GUESS, "SonicWall, SMA and SonicOS"),
    ),
    Product(
        *("checkpoint", "http", "it answered a Check Point client"),
        {"uri": "/clients(?:/(?:abc)?)?", "user_agent": "TRAC/.*"} | POST | OK,
        *(0.6, "openconnect, Check Point CCC protocol"),
        unless=PAGE,
    ),
    Product(
        *("checkpoint", "http", "it has a page where Check Point's portal has its own"),
        {"uri": "/sslvpn/(?:Login|Portal)/.+"} | LET_IN,
        *(GUESS, "Check Point, Mobile Access portal"),
    ),
    Product(
        *("citrix", "http", "it answered a Citrix request with XML"),
        {
            "uri": r"/(?:nf/auth|p/u)/getAuthenticationRequirements\.do|/scripts/wpnbr\.dll"
            r"|/vpn/pluginlist\.xml|/(?i:Citrix)/.+/(?:config\.xml|discovery|GetAuthMethods)"
        }
        | OK
        | XML,
        *(UNSEEN, "Citrix Gateway and StoreFront"),
    ),
    Product(
        *("citrix", "http", "it has a page where Citrix has its own"),
        {"uri": r"/vpn/index\.html|/logon/LogonPoint/.*|/Citrix/[^/]+Web/.*"} | LET_IN,
        *(GUESS, "Citrix Gateway and StoreFront"),
    ),
    Product(
        *("sstp", "http", "it answered the request that begins SSTP"),
        {"method": "SSTP_DUPLEX_POST", "uri": r"/sra_\{BA195980-CD49-458b-9E23-C84EE0ADCD75\}/"}
        | OK,
        *(UNSEEN, "MS-SSTP 3.2.4.1"),
        unless=TEXT,
    ),
    Product(
        *("softether", "http", "it answered a SoftEther client"),
        {"uri": r"/vpnsvc/(?:connect|vpn)\.cgi"} | POST | OK,
        *(UNSEEN, "SoftEther VPN, Protocol.h"),
        unless=TEXT,
    ),
    Product(
        *("tailscale", "http", "it let a Tailscale client switch to its own protocol"),
        {"uri": "/derp|/ts2021"} | SWITCHED,
        *(UNSEEN, "Tailscale, derphttp and controlhttp"),
    ),
    # --- Remote desktops
    Product(
        *("rdgateway", "http", "it answered the request that opens a Remote Desktop Gateway"),
        {"uri": "(?i:/remoteDesktopGateway/)", "method": "RDG_(?:IN|OUT)_DATA|GET"}
        | {"status_code": "101|200"},
        *(UNSEEN, "MS-TSGU 3.3.5.1"),
        unless=TEXT,
    ),
    Product(
        *("rdgateway", "http", "it answered the request that opens a Remote Desktop Gateway"),
        {"uri": r"(?i:/rpc(?:withcert)?/rpcproxy\.dll)\?.*:3388", "method": "RPC_(?:IN|OUT)_DATA"}
        | OK,
        *(UNSEEN, "MS-TSGU 2.1.1; other ports are Exchange's"),
        unless=TEXT,
    ),
    Product(
        *("rdgateway", "http", "it asked for a logon where Remote Desktop Gateway does"),
        {
            "method": "(?:RDG|RPC)_(?:IN|OUT)_DATA",
            "uri": r"(?i:/remoteDesktopGateway/|/rpc(?:withcert)?/rpcproxy\.dll\?.*:3388)",
        }
        | LOGON,
        *(GUESS, "MS-TSGU 2.1.1, 3.3.5.1"),
    ),
    Product(
        *("rdgateway", "http", "it answered a request for Remote Desktop's feed with XML"),
        {"uri": r"(?i:/RDWeb/Feed(?:Login)?/[a-z]+\.aspx)"} | OK | XML,
        *(UNSEEN, "Microsoft, RD Web Access; MS-TSWP"),
    ),
    Product(
        *("rdgateway", "http", "it has a page where RD Web Access has its own"),
        {"uri": "(?i:/RDWeb/(?:Pages|webclient)/.*)"} | LET_IN,
        *(GUESS, "Microsoft, RD Web Access"),
    ),
    Product(
        *("winrm", "http", "it answered a WinRM request with SOAP"),
        {"uri": "/wsman(?:/.*)?", TYPES: r"application/soap\+xml"} | POST | OK,
        *(0.95, "MS-WSMV 2.1; recorded: OMI", True),
    ),
    Product(
        *("winrm", "http", "it answered a WinRM client"),
        {"uri": "/wsman(?:/.*)?", "user_agent": ".*(?:WinRM|WSMAN).*"} | POST | OK | ENVELOPE,
        *(0.8, "MS-WSMV 2.1; recorded: Windows", True),
        unless=PAGE,
    ),
    Product(
        *("winrm", "http", "it asked a WinRM client for its logon"),
        {"uri": "/wsman(?:/.*)?", "user_agent": ".*(?:WinRM|WSMAN).*"} | POST | LOGON,
        *(GUESS, "MS-WSMV 2.1"),
    ),
    Product(
        *("teamviewer", "http", "it answered TeamViewer's protocol over HTTP"),
        {"uri": r"/d(?:in|out)\.aspx\?.*client=DynGate.*", "user_agent": ".*DynGate.*"} | OK,
        *(UNSEEN, "TeamViewer, DynGate over port 80"),
        unless=TEXT,
    ),
    Product(
        *("screenconnect", "http", "it handed out the ScreenConnect client"),
        {"uri": r"/Bin/(?:ScreenConnect|ConnectWiseControl)\.Client(?:Setup)?\.[a-z]+"}
        | OK
        | PROGRAM,
        *(UNSEEN, "ConnectWise ScreenConnect, client installers"),
    ),
    Product(
        *("screenconnect", "http", "it answered a ScreenConnect request with JSON"),
        {"uri": r"/Services/PageService\.ashx/.+|/App_Extensions/[-0-9a-f]{36}/Service\.ashx/.+"}
        | POST
        | OK
        | JSON,
        *(UNSEEN, "ConnectWise ScreenConnect, web services"),
    ),
    Product(
        *("screenconnect", "http", "it has a page where ScreenConnect has its own"),
        {"uri": r"/SetupWizard\.aspx(?:/.*)?"} | OK,
        *(GUESS, "ConnectWise ScreenConnect, setup"),
    ),
    Product(
        *("rustdesk", "http", "it switched to WebSocket where RustDesk has its own"),
        {"uri": "/ws/(?:id|relay)"} | SWITCHED,
        *(0.5, "RustDesk Server, WebSocket behind a proxy"),
    ),
    Product(
        *("guacamole", "http", "it opened a Guacamole tunnel"),
        {"uri": r"(?:/[^?]*)?/websocket-tunnel\?.*GUAC_ID=.*"} | SWITCHED,
        *(UNSEEN, "Guacamole manual, WebSocket tunnel"),
    ),
    Product(
        *("guacamole", "http", "it opened a Guacamole tunnel"),
        {"uri": r"/guacamole/(?:tunnel\?connect|websocket-tunnel)"} | {"status_code": "101|200"},
        *(UNSEEN, "Guacamole manual, HTTP tunnel"),
        unless=PAGE,
    ),
    Product(
        *("guacamole", "http", "it answered a Guacamole logon with JSON"),
        {"uri": "/guacamole/api/tokens"} | POST | OK | JSON,
        *(UNSEEN, "Guacamole manual, REST"),
    ),
    Product(
        *("vnc", "http", "it switched to WebSocket where noVNC has its own"),
        {"uri": "(?:/.*)?/websockify"} | SWITCHED,
        *(0.6, "noVNC, websockify"),
    ),
    # --- Containers
    Product(
        *("docker", "http", "it answered a Docker API request with JSON"),
        {"uri": f"{DOCKER}/(?:containers|images|exec|info|version|networks|volumes)(?:/.*)?"}
        | MADE
        | JSON,
        *(0.9, "Docker Engine API; recorded: dockerd", True),
    ),
    Product(
        *("docker", "http", "it did what a Docker API request told it"),
        {"uri": f"{DOCKER}/containers/[^/]+(?:/[a-z]+)?", "status_code": "204"}
        | {"method": "POST|DELETE"},
        *(0.9, "Docker Engine API; recorded: dockerd", True),
    ),
    Product(
        *("docker", "http", "it opened a stream to a container"),
        {"uri": f"(?:{DOCKER})?/(?:containers|exec)/[^/]+/(?:attach|start)"}
        | SWITCHED
        | {"status_msg": "UPGRADED"},
        *(0.95, "Docker Engine API, Attach; recorded: dockerd", True),
    ),
    Product(
        *("docker", "http", "it answered a Docker API request with JSON"),
        {"uri": r"/containers/(?:json|create)|/api/endpoints/[0-9]+/docker/.+"} | MADE | JSON,
        *(UNSEEN, "Docker Engine API; Portainer, which hands it on"),
    ),
    Product(
        *("docker", "http", "it answered a Docker client"),
        {"uri": f"{DOCKER}/.+|/_ping", "user_agent": "(?:Docker-Client|docker-sdk-python)/.*"}
        | {"status_code": "2..|4.."},
        *(GUESS, "Docker CLI and SDK"),
        unless=PAGE | {"status_code": "404"},
    ),
    Product(
        *("kubernetes", "http", "it answered a Kubernetes API request with JSON"),
        {"uri": rf"{NAMESPACED}/[a-z]+(?:/.*)?|/apis/(?:apps|batch|[a-z.]+\.k8s\.io)/v[0-9].*"}
        | MADE
        | JSON,
        *(0.9, "Kubernetes API; recorded: kube-apiserver", True),
        unless={"uri": ".*/proxy(?:/.*)?"},
    ),
    Product(
        *("kubernetes", "http", "it opened a stream to a pod"),
        {"uri": f"{NAMESPACED}/pods/[^/]+/(?:exec|attach|portforward)"} | SWITCHED,
        *(0.95, "Kubernetes API, Pod: connect operations; recorded: kube-apiserver", True),
    ),
    Product(
        *("kubernetes", "http", "it answered kubectl with JSON"),
        {"uri": "/(?:api|apis|version|openapi)(?:/.*)?", "user_agent": "kubectl[^/]*/v1.*"}
        | MADE
        | JSON,
        *(0.9, "kubectl; recorded: kube-apiserver", True),
        unless={"uri": ".*/proxy(?:/.*)?"},
    ),
    Product(
        *("kubernetes", "http", "it answered a Kubernetes API request with JSON"),
        {"uri": "/api/v1/(?:nodes|pods|secrets|configmaps|serviceaccounts|persistentvolumes)"}
        | OK
        | JSON,
        *(0.7, "Kubernetes API; recorded: kube-apiserver", True),
    ),
    Product(
        *("kubelet", "http", "it answered a kubelet request with JSON"),
        {"uri": "/pods/?|/stats/summary/?"} | GET | OK | JSON,
        *(0.6, "Kubernetes, kubelet server.go; recorded: kubelet", True),
    ),
    Product(
        *("kubelet", "http", "it answered a kubelet request"),
        {"uri": r"/runningpods/?|/metrics/cadvisor|/containerLogs/[^/]+/[^/]+/[^/]+"} | GET | OK,
        *(UNSEEN, "Kubernetes, kubelet server.go"),
        unless=PAGE,
    ),
    Product(
        *("kubelet", "http", "it opened a stream to a container of a pod"),
        {"uri": "/(?:exec|attach)/[^/]+/[^/]+/[^/]+|/cri/(?:exec|attach)/[^/]+"} | SWITCHED,
        *(UNSEEN, "Kubernetes, kubelet server.go"),
    ),
    Product(
        *("etcd", "http", "it answered an etcd request with JSON"),
        {"uri": "/v3(?:alpha|beta)?/(?:kv/(?:range|put|deleterange|txn)|maintenance/status)"}
        | POST
        | OK
        | JSON,
        *(0.9, "etcd, gRPC gateway; recorded: etcd", True),
    ),
    Product(
        *("etcd", "http", "it answered an etcd request with JSON"),
        {"uri": "/v2/(?:keys(?:/.*)?|members)"} | MADE | JSON,
        *(UNSEEN, "etcd API v2"),
    ),
    Product(
        *("kubernetes-dashboard", "http", "it handed on a request to the Kubernetes dashboard"),
        {"uri": f"{NAMESPACED}/services/https?:kubernetes-dashboard[a-z-]*:[^/]*/proxy/.+"}
        | OK
        | JSON,
        *(UNSEEN, "Kubernetes dashboard, access through the API"),
    ),
    Product(
        *("kubernetes-dashboard", "http", "it answered a dashboard's request with JSON"),
        {"uri": "/api/v1/(?:csrftoken/[a-z]+|login/(?:skippable|status|modes))"} | OK | JSON,
        *(0.6, "Kubernetes dashboard, its API"),
    ),
)
