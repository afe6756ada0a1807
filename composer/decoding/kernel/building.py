"""The compiled step: `step.c` built once with the machine's C compiler, then loaded.

It is built for processors with products of 8 bits in 512 bits (AVX-512 VNNI: Intel from Ice Lake
on, AMD from Zen 4 on) and for nothing else of the machine, so that it says the same on all of them.
Where processor or compiler are missing there is none, and ONNX Runtime takes every step.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import logging
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from composer import places

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("step.c")
# As Linux names what x86-64-v4 and VNNI need.
NEEDED = frozenset(
    {"avx2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"}
)
COMPILERS = ("cc", "gcc", "clang")
# Sums may be taken in any order, so that they can be taken side by side; the wider switches
# (-ffast-math) would also change how all other code of the process treats tiny numbers.
FLAGS = (
    "-std=gnu11", "-O3", "-march=x86-64-v4", "-mavx512vnni", "-mprefer-vector-width=512",
    "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros",
    "-fassociative-math", "-ffinite-math-only", "-fPIC", "-shared",
)  # fmt: skip
LIMIT_S = 120.0


@cache
def load_library() -> ctypes.CDLL | None:
    """Return the compiled step, or None where there can be none; a log line says why."""
    reason = why_none()
    if reason is None:
        try:
            return _load()
        except (OSError, subprocess.SubprocessError) as error:
            reason = f"it could not be built: {_first_line(error)}"
    log.info("steps run through ONNX Runtime, at about half the speed: %s", reason)
    return None


def why_none() -> str | None:
    """Say why there can be no compiled step here, or return None."""
    if not is_processor_able():
        return "the processor has no products of 8 bits in 512 bits, or its system does not tell"
    if find_compiler() is None and not _is_ours(_target()):
        return "a C compiler is missing; on Debian: apt-get install gcc libc6-dev"
    return None


def is_processor_able() -> bool:
    """Whether the processor can run the kernel, as far as its system tells."""
    return platform.system() == "Linux" and _processor_flags() >= NEEDED


def find_compiler() -> str | None:
    """Return the C compiler: the one that CC names, or what is there."""
    named = os.environ.get("CC", "")
    return next(filter(None, map(shutil.which, (named, *COMPILERS))), None)


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def _target() -> Path:
    """Return where the library is kept, under a name that changes with what it is made of."""
    made_of = SOURCE.read_bytes() + " ".join(FLAGS).encode()
    return places.cache_folder() / f"step-{hashlib.sha256(made_of).hexdigest()[:16]}.so"


def _load() -> ctypes.CDLL:
    """Load the library that is kept, or build it; where nothing can be kept, for this process."""
    target = _target()
    if _is_ours(target):
        return _open(target)
    with tempfile.TemporaryDirectory() as folder:
        built = _build(Path(folder))
        library = _open(built)
        with contextlib.suppress(OSError):
            _keep(built, target)
    return library


def _is_ours(path: Path) -> bool:
    """Whether a file or folder is there and nobody but this user could have written it."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _build(folder: Path) -> Path:
    found = folder / "step.so"
    command = [find_compiler() or "cc", *FLAGS, "-o", str(found), str(SOURCE), "-lm"]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
    return found


def _keep(built: Path, target: Path) -> None:
    """Move the library to where it is looked for, whole: others may build it at the same time."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(target.parent):
        return
    number, name = tempfile.mkstemp(dir=target.parent)
    os.close(number)
    shutil.copyfile(built, name)
    Path(name).replace(target)


def _open(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.scratch_bytes.restype = ctypes.c_int64
    library.keep_rows.restype = None
    return library


def _first_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or b""
    text = said.decode(errors="replace") if said else str(error)
    return text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__


def main() -> int:
    """Build the kernel ahead of its first use; return 1 where a compiler would help."""
    if load_library() is not None:
        return 0
    sys.stderr.write(f"{why_none() or 'the compiler could not build the kernel'}\n")
    return int(is_processor_able())


if __name__ == "__main__":
    sys.exit(main())
