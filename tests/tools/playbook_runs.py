"""Runs playbooks, with ansible-playbook or with another program, each in a world of its own.

Reads one JSON object a line and writes one a line, in the same order:

    {"tool": "ansible" or the path of a program, "case": a file or a folder, "hosts": 2,
     "roots": the folder of playbook-hosts.sh, "arguments": ["--check"]}
    {"code": 0, "events": [...], "stderr": "...", "files": {"h1": {"/etc/x": "..."}, "control": {}}}

A world is a set of namespaces with its own network, processes and mounts. In it each host is an
sshd on an address of its own, in a root that is an overlay of one shared read-only root; whatever a
play changes there is in memory, is seen as the overlay's upper layer, and is gone with the world.
Both tools see the same paths, addresses and names. Starting Ansible takes a second, so that is done
once: each playbook runs in a fork.
"""

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORLD = Path("/mnt")
CASE = WORLD / "case"
HOME = WORLD / "home"
RESULTS = WORLD / "results"
SSHD_PATIENCE = 20
CASE_PATIENCE = 180
NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # ns uts ipc pid net
NEW_NAMES = 0x04000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
ENVIRONMENT = {
    "HOME": str(HOME),
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "XDG_STATE_HOME": str(HOME / "state"),
}
ANSIBLE = {
    "ANSIBLE_CONFIG": str(Path(__file__).with_suffix(".cfg")),
    "RESULT_LINES": str(RESULTS),
}
# What logging in and Python leave behind on a host, whatever the play does.
NOISE = ("/run/", "/var/log/", "/root/.ansible", "/home/deploy/.ansible", "/home/app/.ansible")
NOISE_ANYWHERE = ("/__pycache__", "/.ansible")
SHOWN_BYTES = 4000

libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def mount(source, target, kind="", flags=0, options=""):
    text = [str(part).encode() for part in (source, target, kind)]
    checked(libc.mount(*text, flags, options.encode()))


def start_loopback():
    """Brings up `lo`, the only interface of a new network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS


def make_host(name, address, lower):
    """Mounts the host's root and starts its sshd."""
    layers = WORLD / "hosts" / name
    root = layers / "root"
    for directory in ("upper", "work", "root"):
        (layers / directory).mkdir(parents=True)
    layout = f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work"
    mount("overlay", root, "overlay", 0, layout)
    mount("proc", root / "proc", "proc")
    mount("/dev", root / "dev", "", MS_BIND | MS_REC)

    def enter():
        checked(libc.unshare(NEW_NAMES))
        socket.sethostname(name)
        os.chroot(root)
        os.chdir("/")

    subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-o", f"ListenAddress={address}:22", "-E", "/run/sshd.log"],
        preexec_fn=enter,
        env={"PATH": ENVIRONMENT["PATH"]},
    )


def wait_for_port(address):
    end = time.monotonic() + SSHD_PATIENCE
    while True:
        try:
            return socket.create_connection((address, 22), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)


def make_control(question, lower):
    """The control node's folders: the case, a home with the key, and the inventory of the hosts."""
    HOME.mkdir(0o700)
    shutil.copy(lower / "root/.ssh/id_ed25519", HOME / "id_ed25519")
    os.chmod(HOME / "id_ed25519", 0o600)
    host_key = (lower / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
    addresses = {f"h{number}": f"127.0.0.1{number}" for number in range(1, question["hosts"] + 1)}
    (HOME / "known_hosts").write_text("".join(f"{one} {host_key}" for one in addresses.values()))
    lines = ["[nodes]", *(f"{name} ansible_host={one}" for name, one in addresses.items())]
    lines += [
        "[nodes:vars]",
        f"ansible_ssh_private_key_file={HOME}/id_ed25519",
        f"ansible_ssh_common_args=-o UserKnownHostsFile={HOME}/known_hosts",
        "ansible_python_interpreter=/usr/bin/python3",
    ]
    (WORLD / "hosts.ini").write_text("\n".join(lines) + "\n")
    case = Path(question["case"])
    if case.is_dir():
        shutil.copytree(case, CASE, copy_function=copy_plainly, symlinks=True)
    else:
        CASE.mkdir()
        copy_plainly(case, CASE / "playbook.yml")
    for directory in (CASE, *(path for path in CASE.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    return addresses


def copy_plainly(source, target):
    """Copies a file with one of two modes: a checkout's umask is none of the case's business."""
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if os.access(source, os.X_OK) and os.stat(source).st_mode & 0o100 else 0o644)


def command_line(question):
    arguments = ["-i", str(WORLD / "hosts.ini")]
    if "-u" not in question["arguments"]:
        arguments += ["-u", "root"]
    if (CASE / "inventory").exists():
        arguments += ["-i", "inventory"]
    return [*arguments, *question["arguments"], "playbook.yml"]


def run_ansible(question):
    """Runs ansible-playbook in a fork of this process."""
    child = os.fork()
    if child == 0:
        os.environ.clear()
        os.environ.update({**ENVIRONMENT, **ANSIBLE})
        os.chdir(CASE)
        code = 99
        try:
            PlaybookCLI.cli_executor(["ansible-playbook", *command_line(question)])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return lambda: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_program(question):
    command = [question["tool"], "play", "--output", "json", "--yes", *command_line(question)]
    return subprocess.Popen(command, cwd=CASE, env=ENVIRONMENT, stdin=subprocess.DEVNULL).wait


def live(question):
    """The life of a world, as its first process: gives the answer."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")
    mount("world", WORLD, "tmpfs", 0, "mode=755")
    start_loopback()
    ansible = question["tool"] == "ansible"
    lower = Path(question["roots"]) / ("ansibles" if ansible else "ours")
    addresses = make_control(question, lower)
    for name, address in addresses.items():
        make_host(name, address, lower)
    for address in addresses.values():
        wait_for_port(address)
    before = control_files()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with open(WORLD / "out", "wb") as out, open(WORLD / "err", "wb") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
    RESULTS.touch()
    code = (run_ansible if ansible else run_program)(question)()
    after = control_files()
    files = {name: changes(name, lower) for name in addresses}
    files["control"] = {path: text for path, text in after.items() if before.get(path) != text}
    files["control"].update({path: "removed" for path in before if path not in after})
    lines = (RESULTS if ansible else WORLD / "out").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    talk = (WORLD / "err").read_text(errors="replace")
    return {"code": code, "events": events, "stderr": talk, "files": files}


def control_files():
    return {str(path): described(path) for path in sorted(CASE.rglob("*"))}


def described(path):
    """What is compared of a file: its kind, mode, owner, group and content."""
    status = path.lstat()
    kind = {stat.S_IFDIR: "directory", stat.S_IFLNK: "link", stat.S_IFREG: "file"}
    what = kind.get(stat.S_IFMT(status.st_mode), "special file")
    text = f"{what} {stat.S_IMODE(status.st_mode):04o} {status.st_uid}:{status.st_gid}"
    if what == "link":
        return f"link to {os.readlink(path)} {status.st_uid}:{status.st_gid}"
    if what == "file":
        data = path.read_bytes()
        try:
            shown = repr(data.decode()) if len(data) <= SHOWN_BYTES else None
        except UnicodeDecodeError:
            shown = None
        text += " " + (shown or f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
    return text


def changes(name, lower):
    """Where a host differs from the shared root."""
    upper = WORLD / "hosts" / name / "upper"
    found = {}
    for path in sorted(upper.rglob("*")):
        place = "/" + str(path.relative_to(upper))
        if place.startswith(NOISE) or any(noise in place for noise in NOISE_ANYWHERE):
            continue
        status = path.lstat()
        below = lower / place[1:]
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            found[place] = "removed"
            continue
        text = described(path)
        if os.path.lexists(below) and described(below) == text and not opaque(path):
            continue
        found[place] = text
    return found


def opaque(path):
    """Whether a directory was removed and made anew."""
    return path.is_dir() and "trusted.overlay.opaque" in os.listxattr(path, follow_symlinks=False)


def answer_to(question):
    """Runs the question in a new world; this process stays as it is."""
    read_end, write_end = os.pipe()
    outside = os.fork()
    if outside == 0:
        os.close(read_end)
        os.setsid()
        signal.alarm(CASE_PATIENCE)
        checked(libc.unshare(NAMESPACES))
        first = os.fork()
        if first != 0:
            os.close(write_end)
            signal.signal(signal.SIGALRM, lambda *_: os.kill(first, signal.SIGKILL))
            os.waitpid(first, 0)
            os._exit(0)
        with open(write_end, "w") as answer:
            try:
                answer.write(json.dumps(live(question)))
            except Exception as error:
                answer.write(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        os._exit(0)
    os.close(write_end)
    with open(read_end) as answer:
        text = answer.read()
    os.waitpid(outside, 0)
    return text or json.dumps({"error": "the world ended without an answer"})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        # Made when Ansible is loaded, outside the worlds; in them it has to be there too.
        os.environ.update({**ANSIBLE, "ANSIBLE_LOCAL_TEMP": scratch})
        from ansible.cli.playbook import PlaybookCLI

        for line in sys.stdin:
            print(answer_to(json.loads(line)), flush=True)
