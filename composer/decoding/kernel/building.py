"""The compiled step: `step.c` and its headers, built once by the machine's C compiler, then loaded.

It is built for what a family of processors has (`VARIANTS`) and for nothing else of the machine, so
that it says the same on all of them. Where processor or compiler are missing there is none, and
ONNX Runtime takes every step.
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
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from composer import places

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("step.c")
COMPILERS = ("cc", "gcc", "clang")
# Sums of fp32 are written down in one order, and stay in it: the wider switches (-ffast-math) would
# not keep it, and would change how all other code of the process treats tiny numbers.
FLAGS = (
    "-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math",
    "-fno-signed-zeros", "-ffinite-math-only", "-fPIC", "-shared",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """What the kernel is built for.

    Args:
        name: Of the library.
        needs: What the processor must have, as Linux names it.
        flags: Of the compiler, beside `FLAGS`.
    """

    name: str
    needs: frozenset[str]
    flags: tuple[str, ...]


AVX2 = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})  # x86-64-v3
# The first one that the processor can run is taken. Products of 8 bits in 512 bits: Intel from
# Cascade Lake on, AMD from Zen 4 on.
VARIANTS = (
    Variant(
        "vnni",
        AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"},
        ("-march=x86-64-v4", "-mavx512vnni", "-mprefer-vector-width=512"),
    ),
    Variant("avx2", AVX2, ("-march=x86-64-v3",)),
)
LIMIT_S = 120.0


@cache
def load_library() -> ctypes.CDLL | None:
    """Return the compiled step, or None where there can be none; a log line says why."""
    reason, variant = why_none(), find_variant()
    if reason is None and variant is not None:
        try:
            return load(variant)
        except (OSError, subprocess.SubprocessError) as error:
            reason = f"it could not be built: {_first_line(error)}"
    log.info("steps run through ONNX Runtime, more slowly: %s", reason)
    return None


def why_none() -> str | None:
    """Say why there can be no compiled step here, or return None."""
    variant = find_variant()
    if variant is None:
        return "the processor lacks AVX2, or its system does not tell"
    if find_compiler() is None and not _is_ours(_target(variant)):
        return "a C compiler is missing; on Debian: apt-get install gcc libc6-dev"
    return None


def find_variant() -> Variant | None:
    """Return the fastest variant that the processor can run, as far as its system tells."""
    has = _processor_flags() if platform.system() == "Linux" else set()
    return next((variant for variant in VARIANTS if variant.needs <= has), None)


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


def _target(variant: Variant) -> Path:
    """Return where the library is kept, under a name that changes with what it is made of."""
    sources = b"".join(path.read_bytes() for path in sorted(SOURCE.parent.glob("*.[ch]")))
    made_of = sources + " ".join((*FLAGS, *variant.flags)).encode()
    name = f"step-{variant.name}-{hashlib.sha256(made_of).hexdigest()[:16]}.so"
    return places.cache_folder() / name


def load(variant: Variant) -> ctypes.CDLL:
    """Load the library that is kept, or build it; where nothing can be kept, for this process.

    Raises:
        OSError, subprocess.SubprocessError: If it cannot be built or loaded.
    """
    target = _target(variant)
    if _is_ours(target):
        return _open(target)
    with tempfile.TemporaryDirectory() as folder:
        built = _build(variant, Path(folder))
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


def _build(variant: Variant, folder: Path) -> Path:
    found, compiler = folder / "step.so", find_compiler() or "cc"
    command = [compiler, *FLAGS, *variant.flags, "-o", str(found), str(SOURCE), "-lm"]
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
    return int(find_variant() is not None)


if __name__ == "__main__":
    sys.exit(main())
