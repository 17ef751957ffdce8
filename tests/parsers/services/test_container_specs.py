"""What bodies of requests ask for, and what it would give away."""

from __future__ import annotations

import base64

import pytest

from parsers.services.container_specs import (
    MOUNTS_MAX,
    NODES_MAX,
    RISKS,
    is_powerful,
    of_docker,
    of_kubernetes,
)


def lowered(value):
    if isinstance(value, dict):
        return {name.lower(): lowered(each) for name, each in value.items()}
    return [lowered(each) for each in value] if isinstance(value, list) else value


def docker(operation="create", **body):
    return of_docker(operation, lowered(body))


def host(**config):
    return docker(Image="a", HostConfig=config)


def pod(container=(), **spec):
    containers = [{"name": "c", "image": "alpine", **dict(container)}]
    return of_kubernetes(
        {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers, **spec}}
    )


@pytest.mark.parametrize(
    ("config", "risks"),
    [
        ({"Privileged": True}, {"privileged"}),
        ({"Privileged": False}, set()),
        ({"Privileged": "true"}, set()),
        ({"Binds": ["/:/host"]}, {"host-mount"}),
        ({"Binds": ["//./etc/../:/host:ro"]}, {"host-mount"}),
        ({"Binds": ["/srv/site:/site"]}, set()),
        ({"Binds": ["data:/data"]}, set()),
        ({"Binds": ["/etc/localtime:/etc/localtime:ro"]}, set()),
        ({"Binds": ["C:\\:C:\\host"]}, {"host-mount"}),
        ({"Binds": ["/var/run/docker.sock:/s"]}, {"docker-sock"}),
        ({"Binds": ["/run:/r"]}, {"docker-sock", "host-mount"}),
        ({"Mounts": [{"Type": "bind", "Source": "/root", "Target": "/r"}]}, {"host-mount"}),
        ({"Mounts": [{"Type": "volume", "Source": "/root"}]}, set()),
        ({"Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {
            "Options": {"type": "none", "o": "bind", "device": "/"}}}}]}, {"host-mount"}),
        ({"PidMode": "host"}, {"host-pid"}),
        ({"NetworkMode": "host"}, {"host-network"}),
        ({"NetworkMode": "none"}, set()),
        ({"IpcMode": "host"}, {"host-ipc"}),
        ({"UsernsMode": "host"}, {"host-users"}),
        ({"CapAdd": ["CAP_SYS_ADMIN"]}, {"capabilities"}),
        ({"CapAdd": ["sys_ptrace"]}, {"capabilities"}),
        ({"CapAdd": ["NET_BIND_SERVICE"]}, set()),
        ({"CapAdd": None}, set()),
        ({"Devices": [{"PathOnHost": "/dev/sda"}]}, {"host-device"}),
        ({"Devices": []}, set()),
        ({"SecurityOpt": ["apparmor=unconfined"]}, {"unconfined"}),
        ({"SecurityOpt": ["no-new-privileges"]}, set()),
    ],
)  # fmt: skip
def test_risks_of_a_container(config, risks):
    assert host(**config).risks == risks


def test_commands_of_a_container():
    facts = docker(
        Image="a", Entrypoint=["/bin/sh", "-c"], Cmd="id", Healthcheck={"Test": ["CMD-SHELL", "x"]}
    )
    assert (facts.command, facts.image) == ("/bin/sh -c id\nCMD-SHELL x", "a")


def test_mounts_are_told_as_they_were_asked_for():
    facts = host(
        Binds=["/:/host:rw", "v:/v"], Mounts=[{"Type": "bind", "Source": "/srv", "Target": "/s"}]
    )
    assert facts.mounts == ["/:/host:rw", "/srv:/s"]


def test_a_service_and_a_volume_and_a_command():
    service = docker(
        Name="s",
        TaskTemplate={
            "ContainerSpec": {
                "Image": "a",
                "Command": ["sh"],
                "Args": ["-c", "id"],
                "Mounts": [{"Type": "bind", "Source": "/", "Target": "/h"}],
            },
            "Networks": [{"Target": "host"}],
        },
    )
    assert (service.name, service.image, service.command) == ("s", "a", "sh -c id")
    assert service.risks == {"host-mount", "host-network"}
    volume = docker("volume", DriverOpts={"type": "none", "o": "bind", "device": "/etc"})
    assert volume.risks == {"host-mount"}
    command = docker("exec-create", Cmd=["chroot", "/host"], Privileged=True)
    assert (command.command, command.risks) == ("chroot /host", {"privileged"})
    assert docker("swarm", RemoteAddrs=["a:2377", "b:2377"]).name == "a:2377 b:2377"


@pytest.mark.parametrize(
    ("container", "spec", "risks"),
    [
        ({}, {}, set()),
        ({"securityContext": {"privileged": True}}, {}, {"privileged"}),
        ({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}, {}, {"capabilities"}),
        ({}, {"hostPID": True, "hostNetwork": True, "hostIPC": True},
         {"host-pid", "host-network", "host-ipc"}),
        ({}, {"hostpid": True}, set()),
        ({}, {"volumes": [{"hostPath": {"path": "/"}}]}, {"host-mount"}),
        ({}, {"volumes": [{"hostPath": {"path": "/run/containerd/containerd.sock"}}]},
         {"docker-sock"}),
        ({}, {"volumes": [{"emptyDir": {}}]}, set()),
        ({}, {"nodeName": "n"}, {"node-name"}),
        ({}, {"serviceAccountName": "admin"}, {"service-account"}),
        ({}, {"serviceAccountName": "default"}, set()),
        ({}, {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, {"unconfined"}),
    ],
)  # fmt: skip
def test_risks_of_a_pod(container, spec, risks):
    assert pod(container, **spec).risks == risks


def test_a_pod_within_others_is_found():
    inner = {"spec": {"containers": [{"image": "a", "command": ["sh"], "args": ["-c", "id"]}],
                      "hostPID": True}}  # fmt: skip
    facts = of_kubernetes({
        "kind": "CronJob",
        "metadata": {"generateName": "x-", "namespace": "kube-system"},
        "spec": {"jobTemplate": {"spec": {"template": inner}}},
    })  # fmt: skip
    assert (facts.image, facts.command, facts.risks) == ("a", "sh -c id", {"host-pid"})
    assert (facts.name, facts.namespace) == ("x-", "kube-system")


def test_a_patch_is_read_too():
    patch = [{"op": "add", "path": "/spec/template/spec/hostPID", "value": {"hostPID": True}}]
    assert of_kubernetes(patch).risks == {"host-pid"}


def test_commands_that_run_beside_the_first():
    facts = pod({"livenessProbe": {"exec": {"command": ["sh", "-c", "id"]}}})
    assert facts.command == "sh -c id"


@pytest.mark.parametrize(
    ("subject", "role", "risks"),
    [
        ("system:anonymous", "view", {"anonymous-binding"}),
        ("system:unauthenticated", "cluster-admin", {"anonymous-binding", "cluster-admin"}),
        ("alice", "cluster-admin", {"cluster-admin"}),
        ("alice", "view", set()),
    ],
)
def test_bindings(subject, role, risks):
    body = {"subjects": [{"kind": "User", "name": subject}], "roleRef": {"name": role}}
    assert of_kubernetes(body).risks == risks


def test_roles_and_requests_for_certificates():
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    assert of_kubernetes({"rules": [rule]}).risks == {"wildcard-role"}
    assert of_kubernetes({"rules": [{**rule, "verbs": ["get"]}]}).risks == set()
    der = base64.b64encode(b"0\x82O\x0esystem:masters")
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + der + b"\n-----END CERTIFICATE REQUEST-----\n"
    body = {"spec": {"request": base64.b64encode(pem).decode()}}
    assert of_kubernetes(body).risks == {"cluster-admin"}


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], [[1]], {"spec": 1}, {"subjects": [1], "request": "=="}]
)
def test_values_of_other_kinds_are_passed_over(value):
    assert of_kubernetes(value).risks == set()
    for operation in ("create", "volume", "swarm", "exec-create"):
        assert of_docker(operation, value).risks == set()


def test_fields_of_other_kinds_are_passed_over():
    odd = {"Binds": [1, None], "Mounts": [3], "Devices": 4, "CapAdd": {"a": 1}, "SecurityOpt": 7}
    assert host(**odd).risks == set()
    assert docker(Image=[1], Cmd=[1, "id"], HostConfig=3).command == "id"


@pytest.mark.parametrize("path", ["/", "/etc", "/root/.ssh", "/var/lib/kubelet", "/home/a/.kube"])
def test_folders_that_give_power(path):
    assert is_powerful(path)


@pytest.mark.parametrize("path", ["/srv", "/data/etc", "/home/a/site", "/etcetera", "/dev/shm"])
def test_folders_that_give_none(path):
    assert not is_powerful(path)


def test_what_is_told_is_bounded():
    facts = host(Binds=["/:/h"] * 1000)
    assert len(facts.mounts) == MOUNTS_MAX


def test_a_body_with_too_many_values_is_said_to_be_read_in_part():
    facts = of_kubernetes({"hostPID": True, "items": [{}] * NODES_MAX})
    assert (facts.risks, facts.unread) == ({"host-pid"}, "too_many_values")
    assert of_kubernetes({"items": [{}] * (NODES_MAX - 2)}).unread == ""


def test_every_risk_is_explained():
    assert all(RISKS.values())
