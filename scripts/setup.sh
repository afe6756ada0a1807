#!/usr/bin/env bash
# Set up what a target needs, quietly; the second time it only looks.
#
#   scripts/setup.sh run      .venv with requirements.txt, FluidSynth and a C compiler if they can be had
#   scripts/setup.sh check    the same, and the development tools
#   scripts/setup.sh test     the same, and chromium and Firefox for the browser tests
#
# PYTHON                 the interpreter that makes .venv (python3)
# COMPOSER_TORCH_INDEX   a further package index, such as PyTorch's own for CPU builds
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-run}
venv_python=.venv/bin/python
log=.venv/setup.log

say() { printf 'setup: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

# Run a command with its output in the log; show the end of the log if it fails.
run_logged() {
    "$@" >>"$log" 2>&1 && return
    tail -n 3 "$log" >&2
    return 1
}

make_venv() {
    local python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        give_up "Python 3.11 or newer is missing; name one with PYTHON=..."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        give_up "the venv module is missing; on Debian: apt-get install python3-venv"
    say "making .venv"
    "$python" -m venv --clear .venv
}

# Print the `dev` list of pyproject.toml, one requirement a line.
print_dev_tools() {
    "$venv_python" -c 'import tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join(tomllib.load(file)["dependency-groups"]["dev"]))'
}

# Install a list of requirements unless .venv already holds exactly this list.
install_list() {
    local name=$1 file=$2 stamp=.venv/$1.stamp want options=()
    want=$(sha256sum <"$file")
    [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
    [ -z "${COMPOSER_TORCH_INDEX:-}" ] || options=(--extra-index-url "$COMPOSER_TORCH_INDEX")
    say "installing the $name packages (minutes the first time)"
    run_logged "$venv_python" -m pip install --quiet --disable-pip-version-check \
        "${options[@]}" -r "$file" || give_up "pip could not install $file; the whole log is $log"
    printf '%s\n' "$want" >"$stamp"
}

install_dev_tools() {
    print_dev_tools >.venv/dev.txt
    install_list dev .venv/dev.txt
}

# Install Debian packages; false where that is not possible.
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing $*"
    local options=(-qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=1)
    export DEBIAN_FRONTEND=noninteractive
    apt-get "${options[@]}" update >>"$log" 2>&1 || true
    apt-get "${options[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1
}

has_fluidsynth() { "$venv_python" -c 'import fluidsynth' 2>/dev/null; }
has_kernel() { "$venv_python" -m composer.decoding.kernel.building >>"$log" 2>&1; }
has_chromium() { command -v chromium >/dev/null; }
has_firefox() { command -v firefox-esr >/dev/null; }

case $level in run | check | test) ;; *) give_up "know run, check and test, not '$level'" ;; esac

"$venv_python" -m pip --version >/dev/null 2>&1 || make_venv
install_list runtime requirements.txt
[ "$level" = run ] || install_dev_tools

if [ "$level" != check ]; then
    has_fluidsynth || apt_install libfluidsynth3 && has_fluidsynth ||
        say "no sound: FluidSynth is missing; on Debian: apt-get install libfluidsynth3"
    has_kernel || apt_install gcc libc6-dev && has_kernel ||
        say "slower: a C compiler is missing; on Debian: apt-get install gcc libc6-dev"
fi
if [ "$level" = test ]; then
    has_chromium || apt_install chromium && has_chromium ||
        say "no browser: the browser tests will fail; on Debian: apt-get install chromium"
    has_firefox || apt_install firefox-esr && has_firefox ||
        say "no Firefox: its tests are skipped; on Debian: apt-get install firefox-esr"
fi
