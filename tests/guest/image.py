"""What the guest boots: Debian's kernel, and a file system in memory made of this machine's own files."""

import compileall
import gzip
import lzma
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
METAPACKAGE = "linux-image-cloud-amd64"
MODULES = ("hid-generic", "uhid")
RULES = ("50-udev-default.rules", "60-fido-id.rules", "70-uaccess.rules", "71-seat.rules",
         "73-seat-late.rules")
RULES_DIRECTORY = Path("/usr/lib/udev/rules.d")
PROGRAMS = ("/usr/bin/python3", "/usr/bin/openssl", "/bin/udevadm", "/usr/lib/udev/fido_id")
# What python has but no test needs.
_LEFT_OUT = shutil.ignore_patterns("test", "tests", "idlelib", "lib2to3", "ensurepip", "pydoc_data",
                                   "tkinter", "config-*", "dist-packages", "site-packages")


class Unavailable(Exception):
    """Something that the guest needs can't be had here."""


def _output(*command, **popen):
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, capture_output=True,
                          env=os.environ | {"LC_ALL": "C"}, **popen)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:2])}: {done.stderr.strip()[-300:]}")
    return done.stdout


# -- the kernel ------------------------------------------------------------------


class Kernel:
    """A kernel package's contents."""

    def __init__(self, directory):
        self.image = next(directory.glob("boot/vmlinuz-*"))
        self._modules = {path.name.split(".")[0].replace("-", "_"): path
                         for path in directory.rglob("*.ko*")}

    def modules(self, *names):
        """(name, contents) of the modules and of what they depend on, in the order to load them."""
        found = {}

        def add(name):
            name = name.replace("-", "_")
            if name in found:
                return
            if name not in self._modules:
                raise Unavailable(f"the kernel has no module {name}")
            contents = _unpacked(self._modules[name])
            depends = re.search(rb"\0depends=([^\0]*)\0", contents).group(1).decode()
            for other in filter(None, depends.split(",")):
                add(other)
            found[name] = contents

        for name in names:
            add(name)
        return found.items()


def _unpacked(path):
    openers = {".xz": lzma.open, ".gz": gzip.open}
    with openers.get(path.suffix, open)(path, "rb") as file:
        return file.read()


def kernel(cache):
    """The kernel of Debian's cloud images. What was once fetched is not fetched again."""
    cache.mkdir(parents=True, exist_ok=True)
    unpacked = cache / "kernel"
    if not unpacked.exists():
        depends = _output("apt-cache", "depends", METAPACKAGE)
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if package is None:
            raise Unavailable(f"{METAPACKAGE}: not in the package lists")
        with tempfile.TemporaryDirectory(dir=cache) as work:
            os.chmod(work, 0o755)
            _output("apt-get", "download", package.group(1), cwd=work)
            _output("dpkg-deb", "-x", str(next(Path(work).glob("*.deb"))), f"{work}/kernel")
            os.rename(f"{work}/kernel", unpacked)
    return Kernel(unpacked)


# -- the file system ---------------------------------------------------------------


class Tree:
    """Files on their way into the guest, where they have the same paths as here."""

    def __init__(self, root):
        self.root = root
        for name in ("bin", "sbin", "lib", "lib64"):
            self.path(f"/usr/{name}").mkdir(parents=True)
            self.path(f"/{name}").symlink_to(f"usr/{name}")
        for name in ("proc", "sys", "dev", "run", "tmp", "root", "etc", "home/person", "var/lib"):
            self.path(f"/{name}").mkdir(parents=True)

    def path(self, name):
        return self.root / str(name).lstrip("/")

    def put(self, source, target=None):
        """One file, by default to where it is. A link is followed."""
        source = Path(source)
        target = self.path(target or source.parent.resolve() / source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)

    def put_directory(self, source, target=None):
        shutil.copytree(source, self.path(target or source), ignore=_LEFT_OUT, dirs_exist_ok=True)

    def write(self, name, contents, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        path.chmod(mode)

    def put_libraries(self):
        """What all that is in the tree is linked with."""
        def is_elf(path):
            with open(path, "rb") as file:
                return file.read(4) == b"\x7fELF"

        files = [str(path) for path in self.root.rglob("*") if path.is_file()
                 and not path.is_symlink() and (path.stat().st_mode & 0o111 or ".so" in path.name)]
        linked = subprocess.run(["ldd", *filter(is_elf, files)], text=True, capture_output=True)
        for library in sorted(set(re.findall(r"(/\S+) \(0x", linked.stdout))):
            if not self.path(library).exists():
                self.put(library)

    def put_python(self):
        """The interpreter's library, and the packages that the sandbox uses."""
        library = Path(sysconfig.get_path("stdlib"))
        self.put_directory(library)
        looks = subprocess.run(
            [sys.executable, "-B", "-c", "import server, independent, relying_party, arranger, sys\n"
             "for module in list(sys.modules.values()): print(getattr(module, '__file__', ''))"],
            cwd=TESTS / "sandbox", text=True, capture_output=True, check=True)
        packages = {Path(*match.groups()) for match in
                    re.finditer(r"^(/.*/(?:dist|site)-packages)/([^/\n]+)", looks.stdout, re.MULTILINE)}
        for top in packages:
            if top.is_dir():
                self.put_directory(top)
            else:
                self.put(top)

    def pack(self, target):
        with open(target, "wb") as file:
            names = subprocess.Popen(["find", ".", "-print0"], cwd=self.root, stdout=subprocess.PIPE)
            subprocess.run(["cpio", "--null", "--create", "--format=newc", "--quiet", "-R", "0:0"],
                           cwd=self.root, stdin=names.stdout, stdout=file, check=True)
            names.wait()


def initramfs(linux, build, target):
    """The guest's files: cowkey and the software key of a build, the sandbox, udev, Python."""
    with tempfile.TemporaryDirectory() as work:
        tree = Tree(Path(work))
        os.chmod(work, 0o755)
        tree.put("/bin/busybox")
        tree.path("/bin/sh").symlink_to("busybox")
        for program in PROGRAMS:
            tree.put(program)
        tree.path("/usr/lib/systemd").mkdir()
        tree.path("/usr/lib/systemd/systemd-udevd").symlink_to("/bin/udevadm")
        tree.put("/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf")
        modules = _output("/usr/bin/openssl", "version", "-m")
        tree.put_directory(re.search(r'"(.*)"', modules).group(1))
        for program in ("cowkey", "cowkey-online"):
            tree.put(build / "src/cmd" / program, f"/usr/bin/{program}")
        tree.put(build / "tests/softkey/softkey", "/usr/bin/softkey")
        tree.put_python()
        for name in ("sandbox", "guest"):
            for file in (TESTS / name).iterdir():
                if file.is_file():
                    tree.put(file, f"/tests/{name}/{file.name}")
        compileall.compile_dir(tree.path("/tests"), quiet=1, stripdir=work)
        for rule in RULES:
            tree.put(RULES_DIRECTORY / rule, f"/rules/{rule}")
        tree.put(TESTS.parent / "udev/70-cowkey.rules", "/rules/70-cowkey.rules")
        for number, (name, contents) in enumerate(linux.modules(*MODULES)):
            tree.write(f"/modules/{number}-{name}.ko", contents)
        groups = "root tty disk lp dialout kmem input video audio render kvm sgx cdrom tape"
        tree.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        tree.write("/etc/group", "".join(f"{name}:x:{number}:\n"
                                         for number, name in enumerate(groups.split())))
        tree.put(HERE / "init", "/init")
        tree.put_libraries()
        tree.pack(target)
