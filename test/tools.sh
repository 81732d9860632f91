#!/bin/sh
# Installs what the tests and benchmarks start: Debian packages (real clients, tracers, peers), and the newest Azure CLI from PyPI in a virtual environment
# of its own. Installs nothing that is there already; without the right to install packages it prints the exact command and ends with 1.
# An Azure CLI that cannot be had ends nothing: the clients tier says that it leaves its scripts out (with CI=true a failure).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

# package:program that shows that it is there
packages='
iproute2:ip
util-linux:nsenter
skopeo:skopeo
bind9-dnsutils:dig
curl:curl
openssl:openssl
strace:strace
docker-registry:docker-registry
nginx-light:nginx
dnsmasq-base:dnsmasq
dnsperf:dnsperf
wrk:wrk
python3:/usr/bin/python3
docker.io:dockerd
azure-cli:/usr/bin/az
'

# System programs stand where an ordinary user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

if [ "$(id -u)" = 0 ]; then as_root=; else as_root='sudo -n'; fi
# Where a root's environment lies, every user finds it; a machine of Postern sees both places.
requirements=$here/clients/az/requirements.txt
az=az-$(sed -n 's/^azure-cli==//p' "$requirements")
for_all=/opt/postern-test-tools
if [ "$(id -u)" = 0 ]; then own=$for_all; else own=${XDG_CACHE_HOME:-$HOME/.cache}/postern; fi
az_is_there() { [ -x "$for_all/$az/bin/az" ] || [ -x "$own/$az/bin/az" ]; }

install_packages() {
  missing=
  for entry in $packages; do
    command -v "${entry#*:}" >/dev/null 2>&1 || missing="$missing ${entry%:*}"
  done
  # Debian keeps what makes virtual environments apart from its Python.
  az_is_there || /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
  missing=${missing# }
  if [ -z "$missing" ]; then
    echo "test:tools: all there ($(echo "$packages" | grep -c .) Debian packages)."
    return
  fi
  install="apt-get install --yes --no-install-recommends"
  if [ -n "$as_root" ] && ! { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }; then
    echo "test:tools: the tests need Debian packages that are not installed, and this user may not install them. Run:" >&2
    echo "  sudo apt-get update && sudo $install $missing" >&2
    exit 1
  fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "test:tools: this machine has no apt-get. Install with its own package manager: $missing" >&2
    exit 1
  fi
  # Packages of servers start them when they are installed; nothing of ours wants them running.
  policy=/usr/sbin/policy-rc.d
  made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    made=yes
  fi
  finish() { [ -z "$made" ] || $as_root rm -f "$policy"; }
  trap finish EXIT
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update --quiet
  # Only Debian 12 has this package; the scripts that it is for say that they are left out.
  case " $missing " in
    *' azure-cli '*)
      if ! apt-cache show azure-cli >/dev/null 2>&1; then
        echo "test:tools: this distribution has no package azure-cli: scripts with Debian's az are left out." >&2
        missing=$(echo " $missing " | sed 's/ azure-cli / /')
      fi
      ;;
  esac
  echo "test:tools: installing $missing"
  # shellcheck disable=SC2086 # a list of package names
  $as_root env DEBIAN_FRONTEND=noninteractive $install $missing
  finish
  trap - EXIT
  echo "test:tools: installed $missing"
}

# Made beside its place and renamed, so that whatever is there is whole; two that do it at once do no harm.
install_az() {
  if az_is_there; then
    echo "test:tools: $az is there."
    return
  fi
  mkdir -p "$own"
  new=$(mktemp -d "$own/$az.XXXXXX")
  # The system's own Python: machines do not see one below a home. The Azure CLI needs 3.10 or newer.
  make="/usr/bin/python3 -m venv $new && $new/bin/pip install --no-deps --requirement $requirements"
  echo "test:tools: installing $az into $own/$az (about 730 MB, a minute or two)"
  trap 'rm -rf "$new"' EXIT
  if ! { /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' && /usr/bin/python3 -m venv "$new" &&
    "$new/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps --requirement "$requirements"; }; then
    echo "test:tools: $az could not be installed: scripts with it are left out. It takes Python 3.10 or newer and a package index that pip reaches; by hand:" >&2
    echo "  $(echo "$make" | sed "s|$new|$own/$az|g")" >&2
    return
  fi
  # Scripts name their interpreter by its whole path.
  grep -lIZ -s -d skip "^#!$new/" "$new"/bin/* | xargs -0 sed -i "1s|^#!$new/|#!$own/$az/|"
  chmod 755 "$new"
  mv -T "$new" "$own/$az" 2>/dev/null || [ -x "$own/$az/bin/az" ]
  echo "test:tools: installed $own/$az"
}

# The Azure SDK for JavaScript, apart from the project's own packages: who only uses Postern does not load it.
install_sdk() {
  sdk=$here/clients/sdk
  if [ -e "$sdk/node_modules/.package-lock.json" ] && [ ! "$sdk/package-lock.json" -nt "$sdk/node_modules/.package-lock.json" ]; then
    echo "test:tools: the Azure SDK for JavaScript is there."
    return
  fi
  echo "test:tools: installing the Azure SDK for JavaScript into test/clients/sdk"
  npm ci --prefix "$sdk" --no-audit --no-fund --loglevel=error
}

install_packages
install_az
install_sdk
