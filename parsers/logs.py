"""The columns of Zeek's logs beside conn.log, a line each: name, type, meaning, in Zeek 8's order.

Data for `parsers.schema`, taken from the `Info` records of Zeek's scripts. What follows a line
`+` is not in Zeek 8's own log: columns of older versions, of policy scripts and of packages.
`*` stands for the columns that nearly every log begins with.
"""

from __future__ import annotations

ENDPOINTS = """
ts time when it happened
uid string name of the connection
id.orig_h addr originator's address
id.orig_p port originator's port
id.resp_h addr responder's address
id.resp_p port responder's port
"""
HTTP = """*
trans_depth count place of the request in its connection, from 1
method string request method
host string Host header
uri string request target
referrer string Referer header
version string HTTP version of the reply
user_agent string User-Agent header
origin string Origin header
request_body_len count bytes of the request's body
response_body_len count bytes of the reply's body
status_code count status of the reply
status_msg string its text
info_code count last interim status of the reply
info_msg string its text
tags set[enum] indicators that analyzers attached
username string user of HTTP basic authentication
password string password of it, if Zeek captures it
proxied set[string] headers that tell of a proxy
orig_fuids vector[string] ids of files that the originator sent
orig_filenames vector[string] names of them
orig_mime_types vector[string] types of them
resp_fuids vector[string] ids of files that the responder sent
resp_filenames vector[string] names of them
resp_mime_types vector[string] types of them
+
client_header_names vector[string] names of the request's headers, in order
server_header_names vector[string] names of the reply's headers, in order
cookie_vars vector[string] names in the cookie
uri_vars vector[string] names in the query string
post_body string beginning of the request's body
ja4h string JA4H fingerprint of the request
community_id string Community ID, version 1
"""
SSL = """*
version string TLS version chosen
cipher string cipher suite chosen
curve string elliptic curve chosen
server_name string server name indication
resumed bool whether an earlier session was resumed
last_alert string last alert seen
next_protocol string application protocol chosen (ALPN)
established bool whether the handshake completed
ssl_history string handshake messages, a letter each
cert_chain_fps vector[string] fingerprints of the responder's certificates
client_cert_chain_fps vector[string] fingerprints of the originator's certificates
sni_matches_cert bool whether the server name is in the certificate
+
validation_status string outcome of checking the certificate
cert_chain_fuids vector[string] file ids of the responder's certificates
client_cert_chain_fuids vector[string] file ids of the originator's certificates
subject string subject of the responder's certificate
issuer string issuer of the responder's certificate
client_subject string subject of the originator's certificate
client_issuer string issuer of the originator's certificate
ja3 string JA3 fingerprint of the client
ja3s string JA3S fingerprint of the server
ja4 string JA4 fingerprint of the client
ja4s string JA4S fingerprint of the server
community_id string Community ID, version 1
"""
X509 = """
ts time when the certificate was seen
fingerprint string fingerprint of the certificate
certificate.version count version
certificate.serial string serial number
certificate.subject string subject
certificate.issuer string issuer
certificate.not_valid_before time valid from
certificate.not_valid_after time valid until
certificate.key_alg string algorithm of the key
certificate.sig_alg string algorithm of the signature
certificate.key_type string rsa, dsa or ecdsa
certificate.key_length count bits of the key
certificate.exponent string exponent of an RSA key
certificate.curve string curve of an elliptic key
san.dns vector[string] alternative names: hosts
san.uri vector[string] alternative names: URIs
san.email vector[string] alternative names: mail addresses
san.ip vector[addr] alternative names: addresses
basic_constraints.ca bool whether it is an authority's
basic_constraints.path_len count longest chain below it
host_cert bool whether a server presented it
client_cert bool whether a client presented it
+
id string file id of the certificate, until Zeek 4
ja4x string JA4X fingerprint of the certificate
"""
SSH = """*
version count major version of the protocol
auth_success bool whether the logon worked; unset for not known
auth_attempts count attempts seen
direction enum INBOUND or OUTBOUND, where one side is local
client string the client's version text
server string the server's version text
cipher_alg string cipher
mac_alg string message authentication code
compression_alg string compression
kex_alg string key exchange
host_key_alg string algorithm of the host key
host_key_fingerprint string fingerprint of the host key, from Zeek 8 on
+
host_key string fingerprint of the host key, until Zeek 7
remote_location.country_code string country of the remote side
remote_location.region string region of it
remote_location.city string city of it
remote_location.latitude double latitude of it
remote_location.longitude double longitude of it
hasshVersion string version of the HASSH fingerprints
hassh string HASSH fingerprint of the client
hasshServer string HASSH fingerprint of the server
cshka string host key algorithms that the client offers
hasshAlgorithms string what the client's fingerprint is made of
sshka string host key algorithms that the server offers
hasshServerAlgorithms string what the server's fingerprint is made of
community_id string Community ID, version 1
"""
RDP = """*
cookie string cookie of the client, often a user name
result string how the connection was answered
security_protocol string security protocol that the server chose
client_channels vector[string] channels that the client asked for
keyboard_layout string the client's keyboard layout
client_build string the client's version
client_name string the client's host name
client_dig_product_id string the client's product id
desktop_width count width of the desktop in pixels
desktop_height count height of the desktop in pixels
requested_color_depth string colour depth asked for
cert_type string RSA or X.509, with native encryption
cert_count count certificates seen
cert_permanent bool whether the certificate is permanent
encryption_level string level of native encryption
encryption_method string method of native encryption
+
ssl bool whether the session went on in TLS
community_id string Community ID, version 1
"""
RFB = """*
client_major_version string the client's major version
client_minor_version string the client's minor version
server_major_version string the server's major version
server_minor_version string the server's minor version
authentication_method string authentication method
auth bool whether the authentication worked
share_flag bool whether the desktop is shared
desktop_name string name of the desktop
width count width of the desktop in pixels
height count height of the desktop in pixels
+
community_id string Community ID, version 1
"""
NTLM = """*
username string user name
hostname string name of the client's host
domainname string domain of the user
server_nb_computer_name string the server's NetBIOS name
server_dns_computer_name string the server's DNS name
server_tree_name string the server's forest
success bool whether the authentication worked
+
status string status of the authentication, until Bro 2.5
community_id string Community ID, version 1
"""
KERBEROS = """*
request_type string AS or TGS
client string principal that asks
service string principal that is asked for
success bool whether the request was granted
error_msg string why not
from time ticket valid from
till time ticket valid until
cipher string encryption of the ticket
forwardable bool whether a forwardable ticket was asked for
renewable bool whether a renewable ticket was asked for
client_cert_subject string subject of the client's certificate
client_cert_fuid string file id of the client's certificate
server_cert_subject string subject of the server's certificate
server_cert_fuid string file id of the server's certificate
+
auth_ticket string hash of the ticket that was presented
new_ticket string hash of the ticket that was granted
community_id string Community ID, version 1
"""
LDAP = """*
message_id int number of the message
version int version of the protocol
opcode string operation
result string outcome
diagnostic_message string the server's explanation
object string distinguished name that it is about
argument string argument, such as the SASL mechanism
+
community_id string Community ID, version 1
"""
LDAP_SEARCH = """*
message_id int number of the message
scope string scope of the search
deref_aliases string whether aliases are followed
base_object string where the search begins
result_count count results returned
result string outcome
diagnostic_message string the server's explanation
filter string filter of the search
attributes vector[string] attributes asked for
+
community_id string Community ID, version 1
"""
RADIUS = """*
username string user name
mac string hardware address of the user's device
framed_addr addr address given to the network access server
tunnel_client string the tunnel's client, as address or name
connect_info string kind of connection
reply_msg string message of the reply
result string success or failed
ttl interval from first request to reply
+
remote_ip addr address that the user is given, until Bro 2.5
logged bool whether it was logged before, until Bro 2.5
community_id string Community ID, version 1
"""
SOCKS = """*
version count version of the protocol
user string user name
password string password, if Zeek captures it
status string outcome
request.host addr address asked for
request.name string name asked for
request_p port port asked for
bound.host addr address that the server bound
bound.name string name that the server bound
bound_p port port that the server bound
+
community_id string Community ID, version 1
"""
TUNNEL = """*
tunnel_type enum kind of tunnel
action enum DISCOVER, CLOSE or EXPIRE
+
community_id string Community ID, version 1
"""
DNS = """*
proto enum tcp or udp
trans_id count identifier of the query
rtt interval from query to reply
query string name asked for
qclass count class
qclass_name string its name
qtype count type
qtype_name string its name
rcode count status of the reply
rcode_name string its name
AA bool whether the answer is authoritative
TC bool whether the message was cut short
RD bool whether recursion is desired
RA bool whether recursion is available
Z count reserved bits
answers vector[string] answers
TTLs vector[interval] how long each may be kept
rejected bool whether the query was rejected
opcode count operation
opcode_name string its name
+
auth set[string] authority section
addl set[string] additional section
original_query string name asked for, in its letter case
icann_tld string top-level domain
community_id string Community ID, version 1
"""
FILES = """
ts time when the file was first seen
fuid string name of the file
uid string name of the connection
id.orig_h addr originator's address
id.orig_p port originator's port
id.resp_h addr responder's address
id.resp_p port responder's port
source string protocol that carried it
depth count depth within the source
analyzers set[string] analyzers attached
mime_type string type told by content
filename string name
duration interval how long it took
local_orig bool whether it comes from a local host
is_orig bool whether the originator sent it
seen_bytes count bytes seen
total_bytes count bytes that it should have
missing_bytes count bytes missed
overflow_bytes count bytes not delivered to analyzers
timedout bool whether its analysis timed out
parent_fuid string file that it came out of
md5 string MD5
sha1 string SHA-1
sha256 string SHA-256
extracted string name under which it was extracted
extracted_cutoff bool whether it was cut for that
extracted_size count bytes extracted
+
tx_hosts set[addr] hosts that sent it, until Zeek 5
rx_hosts set[addr] hosts that received it, until Zeek 5
conn_uids set[string] connections that carried it, until Zeek 5
entropy double entropy
community_id string Community ID, version 1
"""
NOTICE = """*
fuid string file that it is about
file_mime_type string type of the file
file_desc string what the file is
proto enum transport protocol
note enum kind of notice
msg string message
sub string more of it
src addr source, where there is no connection
dst addr destination, where there is no connection
p port port, where there is no connection
n count a count or status
peer_descr string Zeek process that raised it
actions set[enum] what was done about it
email_dest set[string] who was told
suppress_for interval how long it is not repeated
+
dropped bool whether the source was blocked, until Zeek 4
remote_location.country_code string country of the remote side
remote_location.region string region of it
remote_location.city string city of it
remote_location.latitude double latitude of it
remote_location.longitude double longitude of it
community_id string Community ID, version 1
"""
WEIRD = """*
name string what was odd
addl string more about it
notice bool whether it became a notice
peer string Zeek process that saw it
source string analyzer that saw it
+
identifier string what it is counted by
community_id string Community ID, version 1
"""
SMB_FILES = """*
fuid string name of the file in files.log
action enum what was done with it
path string share that holds it
name string name
size count bytes of it
prev_name string name before it was renamed
times.modified time last written
times.accessed time last read
times.created time made
times.changed time last changed
+
data_offset_req count offset of the read or write
data_len_req count bytes asked for
data_len_rsp count bytes delivered
community_id string Community ID, version 1
"""
SMB_MAPPING = """*
path string share
service string kind of resource
native_file_system string file system of the share
share_type string DISK, PIPE or PRINT
+
community_id string Community ID, version 1
"""
DCE_RPC = """*
rtt interval from request to reply
named_pipe string pipe
endpoint string interface
operation string procedure called
+
community_id string Community ID, version 1
"""
SOFTWARE = """
ts time when it was seen
host addr where it runs
host_p port port that it listens on
software_type enum kind of software
name string name
version.major count version: first number
version.minor count version: second number
version.minor2 count version: third number
version.minor3 count version: fourth number
version.addl string version: the rest
unparsed_version string version as it was seen
+
url string where a vulnerable thing was found
"""
KNOWN_SERVICES = """
ts time when it was first seen
host addr address
port_num port port
port_proto enum transport protocol
service set[string] application protocols
"""
KNOWN_HOSTS = """
ts time when it was first seen
host addr address
"""
OPENVPN = """*
+
ev string what was seen
community_id string Community ID, version 1
"""
WIREGUARD = """*
established bool whether both sides were seen
initiations count handshakes begun
responses count handshakes answered
+
community_id string Community ID, version 1
"""
IPSEC = """*
is_orig bool whether the originator sent it
initiator_spi string the initiator's security parameter index
responder_spi string the responder's security parameter index
maj_ver count major version of IKE
min_ver count minor version of IKE
exchange_type count kind of exchange
flag_e bool IKEv1: encryption
flag_c bool IKEv1: commit
flag_a bool IKEv1: authentication only
flag_i bool IKEv2: sent by the initiator
flag_v bool IKEv2: a higher version is spoken
flag_r bool IKEv2: a response
message_id count number of the message
vendor_ids vector[string] vendor ids
notify_messages vector[string] notify messages
transforms vector[string] transforms
ke_dh_groups vector[count] Diffie-Hellman groups
proposals vector[count] proposals
protocol_id count protocol
certificates vector[string] hashes of the certificates
transform_attributes vector[string] attributes of the transforms
length count bytes of the message
hash string hash of what was offered
doi count domain of interpretation
situation string situation
+
community_id string Community ID, version 1
"""

LISTS: dict[str, str] = {
    "http": HTTP,
    "ssl": SSL,
    "x509": X509,
    "ssh": SSH,
    "rdp": RDP,
    "rfb": RFB,
    "ntlm": NTLM,
    "kerberos": KERBEROS,
    "ldap": LDAP,
    "ldap_search": LDAP_SEARCH,
    "radius": RADIUS,
    "socks": SOCKS,
    "tunnel": TUNNEL,
    "dns": DNS,
    "files": FILES,
    "notice": NOTICE,
    "weird": WEIRD,
    "smb_files": SMB_FILES,
    "smb_mapping": SMB_MAPPING,
    "dce_rpc": DCE_RPC,
    "software": SOFTWARE,
    "known_services": KNOWN_SERVICES,
    "known_hosts": KNOWN_HOSTS,
    "openvpn": OPENVPN,
    "wireguard": WIREGUARD,
    "ipsec": IPSEC,
}
