#!/bin/sh
# Installs the Debian packages that the tests and benchmarks start: real clients, tracers, peers. Installs nothing that is there already;
# without the right to install it prints the exact command and ends with 1.
set -eu

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
'

# System programs stand where an ordinary user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin
missing=
for entry in $packages; do
  command -v "${entry#*:}" >/dev/null 2>&1 || missing="$missing ${entry%:*}"
done
missing=${missing# }
if [ -z "$missing" ]; then
  echo "test:tools: all there ($(echo "$packages" | grep -c .) Debian packages)."
  exit 0
fi

install="apt-get install --yes --no-install-recommends $missing"
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root='sudo -n'
else
  echo "test:tools: the tests need Debian packages that are not installed, and this user may not install them. Run:" >&2
  echo "  sudo apt-get update && sudo $install" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "test:tools: this machine has no apt-get. Install with its own package manager: $missing" >&2
  exit 1
fi

echo "test:tools: installing $missing"
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
# shellcheck disable=SC2086 # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive $install
echo "test:tools: installed $missing"
