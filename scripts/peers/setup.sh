# Sourced by scripts/bench: which Python has NumPy and PyTorch to compare with.

# peers [--peers | --python PATH | ANYTHING…]: sets the array `python` to what a benchmark takes, `--python PATH`, or to what
# was given. With --peers the interpreter is that of .venv-peers, with everything installed in it.
peers() {
  python=("$@")
  [[ ${1-} == --peers ]] || return 0
  python=(--python .venv-peers/bin/python "${@:2}")
  if ! .venv-peers/bin/python -c 'import numpy, torch' 2>/dev/null; then
    echo "bench: installing NumPy and PyTorch in .venv-peers (5 GB, some minutes)" >&2
    python3 -m venv .venv-peers
    .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check numpy torch==2.11.0
  fi
}
