"""Tells of products in TLS: certificates, and what a server chose.

A certificate's names are its maker's to choose, but whoever presents it has its key: a server that
shows AnyDesk's is AnyDesk, or wants to be taken for it. An issuer alone tells little, since a proxy
that inspects TLS issues a certificate for each server.
"""

from __future__ import annotations

from parsers.services.product import ISSUER, SUBJECT, UNSEEN, Product

TLS: tuple[Product, ...] = (
    Product(
        *("anyconnect", "ssl", "it chose the pre-shared key cipher of an AnyConnect DTLS tunnel"),
        {"cipher": "TLS_PSK_WITH_AES_256_GCM_SHA384", "version": "DTLSv1[02]"},
        *(0.8, "draft-mavrogiannopoulos-openconnect 2.1.5; recorded: ocserv", True),
        unless={"resp_p": "5684"},  # CoAP over DTLS, which may choose it, too
    ),
    # FortiGate issues certificates for whatever it inspects: the issuer alone tells of a proxy.
    Product(
        *("fortigate", "x509", "its certificate is a FortiGate's own"),
        {SUBJECT: ("OU=FortiGate", "O=Fortinet")},
        *(UNSEEN, "Fortinet, the Fortinet_Factory certificate"),
    ),
    Product(
        *("fortigate", "x509", "its certificate is a FortiGate's own"),
        {SUBJECT: ("CN=FortiGate", r"O=Fortinet Ltd\.")},
        *(UNSEEN, "Fortinet, the self-signed certificate"),
    ),
    Product(
        *("sonicwall", "x509", "its certificate is a SonicWall's own"),
        {SUBJECT: r"O=HTTPS Management Certificate for SonicWALL \(self-signed\)"},
        *(UNSEEN, "SonicWall, self-signed management certificate"),
    ),
    Product(
        *("checkpoint", "x509", "its certificate is one that Check Point issues to its gateways"),
        {SUBJECT: r"CN=[^,+\\]+ VPN Certificate", ISSUER: r"O=[^,+\\]+\.[a-z0-9]{6}"},
        *(UNSEEN, "Check Point, internal CA: defaultCert of a gateway"),
    ),
    Product(
        *("tailscale", "x509", "one of its certificates holds the key of a Tailscale relay"),
        {SUBJECT: "CN=derpkey[0-9a-f]{64}"},
        *(UNSEEN, "Tailscale, derp_server.go"),
    ),
    Product(
        *("teamviewer", "x509", "its certificate is TeamViewer's"),
        {SUBJECT: r"CN=(?:[^,+\\]+\.)?teamviewer\.com"},
        *(UNSEEN, "TeamViewer, its own servers"),
    ),
    Product(
        *("anydesk", "x509", "its certificate is one that AnyDesk makes for itself"),
        {SUBJECT: "CN=AnyDesk Client", ISSUER: "CN=AnyDesk Client"},
        *(0.95, "nDPI anydesk.c; recorded: AnyDesk, a direct connection", True),
    ),
    Product(
        *("anydesk", "x509", "its certificate's issuer is AnyNet Root CA"),
        {ISSUER: ("CN=AnyNet Root CA", "O=philandro Software GmbH")},
        *(0.95, "nDPI anydesk.c; recorded: AnyDesk, a relay", True),
    ),
    Product(
        *("anydesk", "ssl", "it chose AnyDesk's own protocol in TLS"),
        {"next_protocol": "anydesk/.*"},
        *(UNSEEN, "AnyDesk, ALPN"),
    ),
    Product(
        *("splashtop", "x509", "its certificate is Splashtop's"),
        {SUBJECT: r"CN=(?:[^,+\\]+\.)?splashtop\.(?:com|eu)"},
        *(0.6, "Splashtop, its own servers"),
    ),
    Product(
        *("kubernetes", "x509", "its certificate is for the Kubernetes API"),
        {"san_dns": r"kubernetes\.default\.svc(?:\..+)?"},
        *(0.95, "Kubernetes, PKI certificates; recorded: kube-apiserver", True),
    ),
    Product(
        *("kubernetes", "x509", "its certificate is for the Kubernetes API"),
        {SUBJECT: "CN=kube-apiserver", ISSUER: "CN=kubernetes"},
        *(0.9, "Kubernetes, PKI certificates; recorded: kube-apiserver", True),
    ),
    # Parts of Kubernetes that are no kubelet call themselves localhost.
    Product(
        *("kubelet", "x509", "its certificate is one that a kubelet makes for itself"),
        {SUBJECT: r"CN=[^,+\\@]+@[0-9]{10}", ISSUER: r"CN=[^,+\\@]+-ca@[0-9]{10}"},
        *(0.8, "Kubernetes, client-go cert.go; recorded: kubelet", True),
        unless={SUBJECT: "CN=localhost@.*"},
    ),
    Product(
        *("kubelet", "x509", "its certificate is a Kubernetes node's"),
        {SUBJECT: (r"CN=system:node:[^,+\\]+", "O=system:nodes")},
        *(UNSEEN, "Kubernetes, kubelet TLS bootstrapping"),
    ),
    Product(
        *("etcd", "x509", "its certificate's issuer is etcd-ca"),
        {ISSUER: "CN=etcd-ca"},
        *(UNSEEN, "kubeadm, certificates of etcd"),
    ),
    Product(
        *("kubernetes-dashboard", "x509", "its certificate is the Kubernetes dashboard's own"),
        {SUBJECT: r"CN=kubernetes-dashboard(?:-[a-z0-9]+){0,2}(?:\.[a-z0-9-]+)?"},
        *(UNSEEN, "Kubernetes dashboard, ecdsa/creator.go"),
    ),
)
