"""The columns of tables of our own, a line each: name, type, meaning. `*` as in `parsers.logs`.

Zeek has none of them: they are made of captures, for analyzers, and never written as logs.
"""

from __future__ import annotations

CONTAINER_API = """*
api enum docker, kubernetes, kubelet, etcd or kubernetes-dashboard
operation enum what the request asks for (OPERATIONS of parsers.services.container_operations)
method string request method
uri string request target, 2048 characters at most
object string what it is about: a container, image, pod, path, key range, or id of an exec
container string id or name of the container, namespace/name of the pod, as far as they are told
status_code count status of the answer
outcome enum succeeded, refused, failed or unknown
authentication enum open, credentials (accepted), anonymous-refused, refused or unknown
user_agent string User-Agent header
risks set[string] what it would give away (RISKS of container_specs, names of command_tells)
command string commands that it runs, a line each, 1024 characters at most
mounts set[string] folders of the host, with where they are mounted
image string image that it names
request_bytes count bytes of the request's body, and of what the client sent in the stream behind it
response_bytes count bytes of the answer's body, and of what came in the stream behind it
output string beginning of what the program wrote
input string beginning of what was typed into it
unread string why the request's body was not read (too_long, not_json, cut_off …)
file string the log that it stands in
line count number of its line there, from 1
"""

COMMAND = """*
service enum telnet, rlogin, ftp or shell (on a bare connection)
typed_by enum orig or resp: who typed it; in a reverse shell, the responder
command string what was typed, one line, 1024 characters at most; never what a password prompt got
output string beginning of what came back, without echo and prompt, 1024 characters at most
tells set[string] what the command gives away (names of parsers.services.command_tells)
unlisted count commands of the connection beyond the last that has a row; in that one
file string the log that it stands in
line count number of its line there, from 1
"""

OWN_LISTS: dict[str, str] = {
    "container_api": CONTAINER_API,
    "command": COMMAND,
}
