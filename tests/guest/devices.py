"""Input devices of the guest: the software key, devices that only have a descriptor, and what udev knows."""

import os
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 40
HIDRAW = Path("/sys/class/hidraw")
RULES = Path("/run/udev/rules.d")
SHIPPED_RULES = Path("/rules")

# As in <linux/uhid.h>.
_UHID_CREATE2 = 11
_UHID_EVENT_SIZE = 4 + 128 + 64 + 64 + 2 + 2 + 4 * 4 + 4096
_BUS_USB = 3

FIDO = bytes.fromhex("06d0f1 0901 a101 0920 1500 26ff00 7508 9540 8102 0921 1500 26ff00 7508 9540 9102 c0")
MOUSE = bytes.fromhex("0501 0902 a101 0901 a100 0509 1901 2903 1500 2501 9503 7501 8102 9501 7505 8103 "
                      "0501 0930 0931 1581 257f 7508 9502 8106 c0 c0")


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_S} s for {what}")
        time.sleep(0.01)


def udevadm(*arguments):
    done = subprocess.run(["udevadm", *arguments], text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=PATIENCE_S)
    if done.returncode != 0:
        raise AssertionError(f"udevadm {arguments}: {done.stderr.strip()}")
    return done.stdout + done.stderr


def use_rules(*names):
    """These of the shipped rules, and no others, for devices that come from now on."""
    RULES.mkdir(parents=True, exist_ok=True)
    for rule in RULES.iterdir():
        rule.unlink()
    for name in names:
        (RULES / name).symlink_to(SHIPPED_RULES / name)
    udevadm("control", "--reload")


@dataclass(frozen=True)
class Known:
    """A device as udev describes it, once all rules are through."""

    node: Path
    properties: dict

    @property
    def tags(self):
        return set(filter(None, self.properties.get("TAGS", "").split(":")))

    @property
    def mode(self):
        return self.node.stat().st_mode & 0o777

    def opens_for(self, user):
        """Whether an ordinary process of that user could use it."""
        return subprocess.run(["/bin/busybox", "sh", "-c", ': <>"$0"', self.node], user=user,
                              group=user, extra_groups=[], stderr=subprocess.DEVNULL).returncode == 0


def number_of(path):
    """BUS:VENDOR:PRODUCT of a HID device's node in sysfs; its name there has a running number behind."""
    return os.path.realpath(path / "device").rpartition("/")[2].rpartition(".")[0]


def paths_of(*numbers):
    """The nodes of these devices, once udev is through with them."""
    def found():
        paths = {number_of(path): path for path in HIDRAW.iterdir()}
        return [paths[number] for number in numbers] if paths.keys() >= set(numbers) else None

    paths = wait_for(found, f"the kernel to show {numbers}")
    udevadm("wait", f"--timeout={PATIENCE_S}", *map(str, paths))
    udevadm("settle")
    return paths


def known(number):
    path, = paths_of(number)
    lines = udevadm("info", "--query=property", str(path)).splitlines()
    return Known(Path("/dev") / path.name, dict(line.split("=", 1) for line in lines))


def tagged(tag, plugged):
    """The numbers of those devices that have the tag."""
    paths_of(*(device.number for device in plugged))
    paths = udevadm("trigger", "--dry-run", "--verbose", "--subsystem-match=hidraw",
                    f"--tag-match={tag}").splitlines()
    return {number_of(Path(path)) for path in paths}


def forget(*numbers):
    """Until the kernel and udev no longer know the devices."""
    wait_for(lambda: not {number_of(path) for path in HIDRAW.iterdir()} & set(numbers),
             f"{numbers} to go")
    udevadm("settle")


class Device:
    """A device that is plugged in until the end of a with statement, and never says anything."""

    def __init__(self, number, descriptor=FIDO):
        self.number = number.upper()
        vendor, product = (int(part, 16) for part in number.split(":")[1:])
        event = struct.pack("<I128s64s64sHHIIII", _UHID_CREATE2, b"test", b"", b"", len(descriptor),
                            _BUS_USB, vendor, product, 0, 0) + descriptor
        self._uhid = os.open("/dev/uhid", os.O_RDWR | os.O_CLOEXEC)
        os.write(self._uhid, event.ljust(_UHID_EVENT_SIZE, b"\0"))

    def __enter__(self):
        return known(self.number)

    def __exit__(self, *_):
        unplug(self)

    def close(self):
        os.close(self._uhid)


def unplug(*devices):
    for device in devices:
        device.close()
    forget(*(device.number for device in devices))


class SoftwareKey:
    """A key that answers, and touches itself."""

    NUMBER = "0003:1209:0001"

    def __init__(self, *options):
        self._process = subprocess.Popen(["softkey", "--uhid", "--until-eof", *options, "/run/key"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._process.stdout.readline() != b"ready\n":
            raise AssertionError("the software key does not start")

    def __enter__(self):
        return known(self.NUMBER)

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE_S)
        forget(self.NUMBER)
