# Sourced by scripts/bench: which Python has what is compared with.

# peers VENV PACKAGE [--peers | --python PATH | ANYTHING…]: sets the array `python` to what a benchmark takes, `--python PATH`, or
# to what was given. With --peers the interpreter is that of VENV, with NumPy and PACKAGE (NAME==VERSION) installed in it.
peers() {
  local venv=$1 package=$2
  python=("${@:3}")
  [[ ${3-} == --peers ]] || return 0
  python=(--python "$venv/bin/python" "${@:4}")
  local find="from importlib.metadata import version; print(version('${package%%==*}'))"
  if [[ $("$venv/bin/python" -c "$find" 2>/dev/null) != "${package##*==}" ]]; then
    echo "bench: installing NumPy and $package in $venv (some minutes)" >&2
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy "$package"
  fi
}
