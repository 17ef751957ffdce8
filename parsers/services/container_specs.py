"""What the bodies of requests to container APIs ask for: images, commands, mounts, and risks.

Docker Engine API (ContainerCreate, ContainerExec, ServiceCreate, VolumeCreate, SwarmJoin) and the
Kubernetes API (PodSpec and whatever holds one, RBAC, CertificateSigningRequest). CIS Docker
Benchmark 5 and the Kubernetes Pod Security Standards name the risks.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from parsers.services.container_json import Object, list_of, object_of, text_of, words

RISKS = {
    "privileged": "all rights of the host's root",
    "host-mount": "a folder of the host that gives power over it, or the whole of it",
    "docker-sock": "the socket of the container runtime",
    "host-device": "devices of the host",
    "host-pid": "sees the host's processes",
    "host-network": "uses the host's network",
    "host-ipc": "shares the host's memory segments",
    "host-users": "root in the container is root on the host",
    "capabilities": "rights of which one is enough to leave the container",
    "unconfined": "without seccomp, AppArmor or SELinux",
    "node-name": "a node that is chosen past the scheduler",
    "service-account": "a service account that is not the default, or tokens of one",
    "anonymous-binding": "a role for whoever asks",
    "cluster-admin": "the role, or the group, that may do anything",
    "wildcard-role": "a role for every verb on every resource",
}
"""The names of `risks` beside those of `command_tells`, and what each means."""

MOUNTS_MAX = 32
WORDS_MAX = 64
"""How many words of a command are taken."""
NODES_MAX = 10_000
"""How many objects of a body are looked at."""

# Folders that give power over the host; what lies in them too, but for a few that are harmless.
POWERFUL = (
    *("/etc", "/root", "/home", "/boot", "/proc", "/sys", "/dev", "/run", "/usr", "/bin", "/sbin"),
    *("/lib", "/lib64", "/opt", "/host", "/var/run", "/var/lib", "/var/spool/cron", "/var/log"),
)
WHOLE = ("/", "/var", "/private/var", "/mnt", "/host_mnt")
HARMLESS = ("/etc/localtime", "/etc/timezone", "/etc/resolv.conf", "/dev/shm")  # noqa: S108 (a name)
OPEN_BELOW = ("/home", "/opt", "/var/lib", "/var/log", "/run", "/var/run", "/usr")
SOCKETS = re.compile(r"(?:docker|containerd|crio|podman|dockershim|cri-dockerd)\.sock$")
SOCKET_FOLDERS = ("/run", "/var/run", "/run/containerd", "/run/docker", "/run/crio", "/run/podman")
DANGEROUS = frozenset((
    *("ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "NET_ADMIN"),
    *("SYS_BOOT", "SYSLOG", "BPF", "PERFMON"),
))  # fmt: skip
UNCONFINED = re.compile(r"(?:seccomp|apparmor|systempaths)[=:]unconfined|label[=:]disable")
ANYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated")
ALMIGHTY = ("cluster-admin", "system:masters")
WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass
class Facts:
    """What a request asks for. unread: why its body was not read."""

    risks: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    mounts: list[str] = field(default_factory=list)
    image: str = ""
    name: str = ""
    namespace: str = ""
    unread: str = ""

    @property
    def command(self) -> str:
        """Its commands, a line each."""
        return "\n".join(self.commands)

    def runs(self, *commands: Iterable[str]) -> None:
        """Take note of a command; its words are joined."""
        line = " ".join([word for command in commands for word in command][:WORDS_MAX])
        if line and len(self.commands) < WORDS_MAX:
            self.commands.append(line)

    def mount(self, source: str, shown: str) -> None:
        """Take note of a folder of the host."""
        path = posixpath.normpath(re.sub("/+", "/", source))
        if len(self.mounts) < MOUNTS_MAX:
            self.mounts.append(shown)
        if is_powerful(path):
            self.risks.add("host-mount")
        if SOCKETS.search(path) or path in SOCKET_FOLDERS:
            self.risks.add("docker-sock")

    def add_if(self, risk: str, condition: object) -> None:
        """Take note of a risk where there is one."""
        if condition:
            self.risks.add(risk)


def is_powerful(path: str) -> bool:
    """Whether whoever can write there has the host. A Windows drive as a whole has too."""
    if path in WHOLE or path in POWERFUL or re.fullmatch(r"[A-Za-z]:[\\/]?\.?", path):
        return True
    if path in HARMLESS:
        return False
    return any(
        path.startswith(f"{folder}/") for folder in POWERFUL if folder not in OPEN_BELOW
    ) or (
        path.startswith(("/var/lib/docker", "/var/lib/kubelet", "/var/lib/rancher", "/usr/bin"))
        or bool(re.search(r"/\.ssh(?:/|$)|/\.(?:aws|kube|docker)(?:/|$)", path))
    )


def capabilities(names: Iterable[str]) -> bool:
    """Whether one of the capabilities that are added is enough to leave the container."""
    added = {name.upper().removeprefix("CAP_") for name in names}
    return bool(added & DANGEROUS)


def of_docker(operation: str, value: Any) -> Facts:
    """What a body of Docker's asks for; names in small letters (`container_json`)."""
    facts = Facts()
    body = object_of(value)
    if operation == "volume":
        _volume(facts, object_of(body.get("driveropts")))
    elif operation == "swarm":
        facts.name = " ".join(words(body.get("remoteaddrs")))
    elif "tasktemplate" in body:
        _service(facts, body)
    else:
        _container(facts, body)
    return facts


def _container(facts: Facts, body: Object) -> None:
    facts.image = text_of(body.get("image"))
    facts.runs(words(body.get("entrypoint")), words(body.get("cmd")))
    facts.runs(words(object_of(body.get("healthcheck")).get("test")))
    facts.add_if("privileged", body.get("privileged") is True)
    host = object_of(body.get("hostconfig"))
    for bind in words(host.get("binds")):
        source = WINDOWS_DRIVE.match(bind) and ":" in bind[2:]
        path = bind[:2] + bind[2:].partition(":")[0] if source else bind.partition(":")[0]
        if path.startswith(("/", ".")) or source:
            facts.mount(path, bind)
    _mounts(facts, host.get("mounts"))
    facts.add_if("privileged", host.get("privileged") is True)
    facts.add_if("host-device", list_of(host.get("devices")) or host.get("devicecgrouprules"))
    for risk, mode in MODES.items():
        facts.add_if(risk, text_of(host.get(mode)) == "host")
    facts.add_if("capabilities", capabilities(words(host.get("capadd"))))
    options = words(host.get("securityopt"))
    facts.add_if("unconfined", any(UNCONFINED.search(option) for option in options))


MODES = {
    "host-pid": "pidmode",
    "host-network": "networkmode",
    "host-ipc": "ipcmode",
    "host-users": "usernsmode",
}


def _mounts(facts: Facts, mounts: Any) -> None:
    for mount in map(object_of, list_of(mounts)):
        source = text_of(mount.get("source"))
        if text_of(mount.get("type")).lower() == "bind" and source:
            facts.mount(source, f"{source}:{text_of(mount.get('target'))}")
        driver = object_of(object_of(mount.get("volumeoptions")).get("driverconfig"))
        _volume(facts, object_of(driver.get("options")))


def _volume(facts: Facts, options: Object) -> None:
    """A volume of the local driver may stand for a folder or a disk of the host."""
    device = text_of(options.get("device"))
    if device.startswith("/"):
        facts.mount(device, device)


def _service(facts: Facts, body: Object) -> None:
    template = object_of(body.get("tasktemplate"))
    spec = object_of(template.get("containerspec"))
    facts.image, facts.name = text_of(spec.get("image")), text_of(body.get("name"))
    facts.runs(words(spec.get("command")), words(spec.get("args")))
    _mounts(facts, spec.get("mounts"))
    facts.add_if("capabilities", capabilities(words(spec.get("capabilityadd"))))
    networks = [*list_of(template.get("networks")), *list_of(body.get("networks"))]
    facts.add_if("host-network", any(object_of(each).get("target") == "host" for each in networks))


def of_kubernetes(value: Any) -> Facts:
    """What a body of Kubernetes' asks for, wherever in it a pod, a role or a request lies."""
    facts = Facts()
    metadata = object_of(object_of(value).get("metadata"))
    facts.name = text_of(metadata.get("name")) or text_of(metadata.get("generateName"))
    facts.namespace = text_of(metadata.get("namespace"))
    objects = list(islice(_objects(value), NODES_MAX))
    facts.unread = "too_many_values" if len(objects) == NODES_MAX else ""
    for each in objects:
        _workload(facts, each)
        _rights(facts, each)
    return facts


def _objects(value: Any) -> Iterator[Object]:
    """Every object in a value, the outer ones first."""
    waiting = [value] if isinstance(value, dict | list) else []
    for each in waiting:
        if isinstance(each, dict):
            yield each
        inner = each.values() if isinstance(each, dict) else each
        waiting += [found for found in inner if isinstance(found, dict | list)]


def _workload(facts: Facts, each: Object) -> None:
    """A pod's spec, a container, a security context, or a volume."""
    if isinstance(each.get("image"), str):
        facts.image = facts.image or each["image"]
        facts.runs(words(each.get("command")), words(each.get("args")))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"):
        facts.runs(words(object_of(object_of(each.get(probe)).get("exec")).get("command")))
    path = text_of(object_of(each.get("hostPath")).get("path"))
    if path:
        facts.mount(path, path)
    facts.add_if("privileged", each.get("privileged") is True)
    for risk, name in (
        ("host-pid", "hostPID"),
        ("host-network", "hostNetwork"),
        ("host-ipc", "hostIPC"),
    ):
        facts.add_if(risk, each.get(name) is True)
    added = object_of(each.get("capabilities")).get("add")
    facts.add_if("capabilities", capabilities(words(added)))
    profile = object_of(each.get("seccompProfile")).get("type")
    facts.add_if("unconfined", profile == "Unconfined")
    facts.add_if("node-name", text_of(each.get("nodeName")))
    account = text_of(each.get("serviceAccountName")) or text_of(each.get("serviceAccount"))
    facts.add_if("service-account", account not in ("", "default"))


def _rights(facts: Facts, each: Object) -> None:
    """A binding, a rule of a role, or a request for a certificate."""
    subjects = [object_of(subject) for subject in list_of(each.get("subjects"))]
    facts.add_if("anonymous-binding", any(who.get("name") in ANYBODY for who in subjects))
    facts.add_if("cluster-admin", any(who.get("name") in ALMIGHTY for who in subjects))
    facts.add_if("cluster-admin", object_of(each.get("roleRef")).get("name") in ALMIGHTY)
    if "*" in words(each.get("verbs")) and "*" in words(each.get("resources")):
        facts.risks.add("wildcard-role")
    if b"system:masters" in _certificate_request(text_of(each.get("request"))):
        facts.risks.add("cluster-admin")


def _certificate_request(encoded: str) -> bytes:
    """A request for a certificate in DER, out of PEM within base64; b"" where it is none."""
    try:
        lines = base64.b64decode(encoded, validate=True).split(b"\n")
        return base64.b64decode(b"".join(line for line in lines if b"-----" not in line))
    except (binascii.Error, ValueError):
        return b""
