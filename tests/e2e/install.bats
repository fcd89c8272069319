#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Triggers install, update and dependencies

load helper
teardown() {
  rm -rf "$SUITE_DIRECTORY"/server/bin/{dpkg-query,apt-get,apt-cache,timeout} "$DOKKU_LIB_ROOT/plugins/enabled/zz-other"
  rm -rf "$SUITE_DIRECTORY"/{held,asked,others,real-python,old-python}
  [[ "$DOKKU_UNDER_TEST" == real && -e "$DOKKU_LIB_ROOT/data/cache/installation" ]] || dokku plugin:install
  remove_volumes
  clean_up
}

plugin() { echo "$DOKKU_LIB_ROOT/plugins/enabled/cache"; }

# bats test_tags=quick
@test "install says nothing and changes nothing when all is there" {
  needs_stand_in "fires the trigger by hand"
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  [ "$output" = "Plugin (cache) updated" ]
}

# bats test_tags=umask
@test "after an installation user dokku can write what the plugin keeps" {
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/config/cache")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache/dokku-version")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LOGS_DIR/cache.log")" = dokku ]
  [ -z "$(find -L "$(plugin)" ! -user dokku)" ]
}

# bats test_tags=quick,umask
@test "the first installation shows what could be freed, deletes nothing, and records the version" {
  needs_spare_server "installs the plugin anew"
  holds_from 0.33.8
  make_ghost oldblog
  make_herokuish_volume forum 2
  dokku cache:set --global min-age 0 >/dev/null
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  before="$(manifest "$DOKKU_ROOT/$(app oldblog)")"
  run dokku plugin:update cache
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [[ "$output" == *"$(app forum)"*"remove  2.0 MiB, volume cache-$(app forum), orphaned"* && "$output" == *"cache:purge-volumes --orphaned"* ]]
  has_volume "cache-$(app forum)"
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app oldblog)")" ]
  [ "$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")" = "$(installed_version)" ]
  # Look, look at the plan, purge: in the order of cache:help.
  steps="$(grep -o 'dokku cache:\(list\|purge-legacy\).*' <<<"$output")"
  [ "$steps" = "$(dokku cache:help | grep -o 'dokku cache:\(list\|purge-legacy\).*')" ]
}

@test "an installation where auto-purge is off already does not tell to switch it off" {
  needs_stand_in "installs the plugin anew"
  make_ghost oldblog
  dokku cache:set --global auto-purge false >/dev/null
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  run dokku plugin:update cache
  [[ "$output" == *"Nothing was deleted. The daily run will not delete anything, because auto-purge is off."* ]]
  [[ "$output" != *"auto-purge false"* ]]
}

@test "a first installation on a server without caches says so in a line" {
  needs_spare_server "installs the plugin anew"
  # It only has git fetch what is new, which an old plugn may not tell a git that minds whose a repository is.
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || plugn update cache >/dev/null 2>&1 || skip "its plugn cannot update any plugin"
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  run dokku plugin:update cache
  [[ "$output" == *"No legacy caches and no cache volumes of destroyed apps found"* ]]
}

# fake NAME LINE...: what Dokku finds before the machine's own program of that name.
fake() {
  printf '%s\n' '#!/bin/bash' "${@:2}" >"$SUITE_DIRECTORY/server/bin/$1"
  chmod +x "$SUITE_DIRECTORY/server/bin/$1"
}

make_package_missing() { fake dpkg-query '[[ "$*" != *python3-rich* ]] && exec /usr/bin/dpkg-query "$@"' 'exit 1'; }

# Another plugin, which notes that its trigger was run.
make_other_plugin() {
  mkdir -p "$DOKKU_LIB_ROOT/plugins/enabled/zz-other"
  printf '#!/bin/sh\necho ran >>%s/others\n' "$SUITE_DIRECTORY" >"$DOKKU_LIB_ROOT/plugins/enabled/zz-other/install"
  chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-other/install"
  rm -f "$SUITE_DIRECTORY/others"
}

@test "a failing apt is told in a sentence, with what to do" {
  needs_stand_in "pretends that a package is missing"
  make_package_missing
  fake apt-get 'echo "E: no network"' 'exit 100'
  run --separate-stderr dokku plugin:install-dependencies
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"E: no network"* && "$stderr" == *"plugin:install-dependencies"* ]]
}

# bats test_tags=umask
@test "a strict umask of root's keeps nobody from the plugin, and opens no password" {
  needs_spare_server "closes the plugin to others, as a clone with such a umask is"
  holds_from 0.33.8
  make_ghost oldblog
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  chown -R root:root "$(plugin)/"
  chmod -R go-rwx "$(plugin)/"
  run bash -c "umask 077 && dokku plugin:update cache"
  [ "$status" -eq 0 ]
  [[ "$output" != *"ermission denied"* && "$output" != *"could not"* ]]
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [ "$(stat --format %a "$(plugin)/.git/")" = 700 ]
  run dokku cache:purge-legacy "$(app oldblog)"
  [ "$status" -eq 0 ]
  is_gone oldblog
}

# bats test_tags=umask
@test "a failing apt does not fail plugin:install, every command tells until it is mended, and then none" {
  needs_stand_in "pretends that a package is missing"
  make_package_missing
  make_other_plugin
  fake apt-get 'echo "E: no network"' 'exit 100'
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [ -e "$SUITE_DIRECTORY/others" ]
  sentence="$stderr"
  [[ "$sentence" == *"python3-rich could not be installed (E: no network)"*"plugin:install-dependencies"* ]]
  for command in list report auto-purge "set --global auto-purge"; do
    # shellcheck disable=SC2086 # a command and its arguments
    run --separate-stderr dokku cache:$command
    [ "$status" -eq 0 ]
    [ "$stderr" = "$sentence" ]
  done
  run --separate-stderr dokku report
  [ -z "$stderr" ]
  rm "$SUITE_DIRECTORY/server/bin/dpkg-query"
  dokku plugin:install
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
}

@test "apt is asked for nothing when nothing is missing" {
  needs_stand_in "replaces apt-get"
  fake apt-get "touch $SUITE_DIRECTORY/asked" 'exit 100'
  dokku plugin:install
  dokku plugin:update
  dokku plugin:install-dependencies
  [ ! -e "$SUITE_DIRECTORY/asked" ]
}

# A lock as dpkg takes it (fcntl(2)), which bash cannot.
hold_dpkg_lock() {
  exec /usr/bin/python3 -I -c "
import fcntl, time
lock = open('/var/lib/dpkg/lock-frontend', 'w')
fcntl.lockf(lock, fcntl.LOCK_EX)
open('$SUITE_DIRECTORY/held', 'w').close()
time.sleep(100)" 3>&-
}

@test "with dpkg's lock held, another plugin's installation waits a few seconds at most" {
  needs_stand_in "holds dpkg's lock"
  make_package_missing
  make_other_plugin
  touch "$DOKKU_LIB_ROOT/data/cache/installation"
  hold_dpkg_lock &
  wait_for test -e "$SUITE_DIRECTORY/held"
  SECONDS=0
  run --separate-stderr dokku plugin:install
  took="$SECONDS"
  kill "$!"
  rm "$SUITE_DIRECTORY/held"
  [ "$status" -eq 0 ]
  [ "$took" -le 12 ]
  [ -e "$SUITE_DIRECTORY/others" ]
  [[ "$stderr" == *"lock"*"plugin:install-dependencies"* ]]
}

@test "where the plugin itself is being installed, the lock is waited for" {
  needs_stand_in "holds dpkg's lock"
  make_package_missing
  touch "$(plugin)/.git/index"
  hold_dpkg_lock &
  wait_for test -e "$SUITE_DIRECTORY/held"
  (sleep 8 && kill "$!") 3>&- &
  run --separate-stderr dokku plugin:install
  rm "$SUITE_DIRECTORY/held"
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
}

@test "a network that does not answer holds nobody up for long" {
  needs_stand_in "replaces apt-get"
  make_package_missing
  touch "$DOKKU_LIB_ROOT/data/cache/installation"
  fake apt-get 'sleep 100'
  fake timeout 'shift 2' 'exec /usr/bin/timeout 2 "$@"'
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"apt-get did not finish within 20 s"* ]]
}

# without PROGRAMS COMMAND...: where these are none that could be run; for this command alone.
without() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private bash -c '
    for program in $1; do mount --bind /dev/null "$(readlink -f "$program")" || exit 99; done
    "${@:2}"' bash "$@"
}

@test "no apt and no dpkg is said, and stops nobody" {
  needs_stand_in "hides programs"
  run --separate-stderr without "/usr/bin/apt-get /usr/bin/dpkg-query" dokku plugin:install
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"without apt-get"* ]]
}

# as_old COMMAND...: where /usr/bin/python3 says that it is 3.9.2.
as_old() {
  local real
  real="$(readlink -f /usr/bin/python3)"
  cp "$real" "$SUITE_DIRECTORY/real-python"
  cat >"$SUITE_DIRECTORY/old-python" <<PYTHON
#!/bin/bash
old="import sys; sys.version_info = (3, 9, 2, 'final', 0);"
[[ "\$2" != -c ]] || exec $SUITE_DIRECTORY/real-python -I -c "\$old \$3"
exec $SUITE_DIRECTORY/real-python -I -c "\$old import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')" "\${@:2}"
PYTHON
  chmod +x "$SUITE_DIRECTORY/old-python"
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private bash -c 'mount --bind "$1" "$2" && "${@:3}"' bash "$SUITE_DIRECTORY/old-python" "$real" "$@"
}

# without_python COMMAND...
without_python() { without /usr/bin/python3 "$@"; }

@test "a Python that is too old, or none, is said before apt is asked, and bothers neither deploys nor dokku report" {
  needs_stand_in "hides Python"
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  fake apt-get "touch $SUITE_DIRECTORY/asked" 'exit 100'
  fake apt-cache 'echo "  Candidate: 3.9.2-3"'
  for where in as_old without_python; do
    make_other_plugin
    run --separate-stderr "$where" dokku plugin:install
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"needs Python 3.10 or newer at /usr/bin/python3, found 3.9.2"* ]]
    [ -e "$SUITE_DIRECTORY/others" ]
    run --separate-stderr "$where" dokku report "$(app shop)"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    run --separate-stderr "$where" dokku git:from-image "$(app shop)" dokku-cache-test
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    run --separate-stderr "$where" dokku cache:list
    [ "$status" -eq 1 ]
    [ "$(grep -c "needs Python 3.10 or newer" <<<"$stderr")" -eq 1 ]
  done
  run --separate-stderr without_python dokku cache:help
  [ "$status" -eq 0 ]
  [ ! -e "$SUITE_DIRECTORY/asked" ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
  rm "$SUITE_DIRECTORY"/server/bin/apt-*
  dokku plugin:install
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
}

@test "a plugin that was cloned and never installed says so, and harms nobody" {
  needs_spare_server "takes the installation back"
  holds_from 0.36.7
  make_app shop
  make_cache shop
  make_app other
  rm "$DOKKU_LIB_ROOT/data/cache/"{installation,dokku-version}
  before="$(manifest "$(cache_of shop)")"
  for command in list report "set --global auto-purge"; do
    # shellcheck disable=SC2086 # a command and its arguments
    run --separate-stderr dokku cache:$command
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"!     The installation of dokku-cache is not finished; run 'sudo dokku plugin:install'" ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
  run deploy shop
  [ "$status" -eq 0 ]
  run dokku --force apps:destroy "$(app other)"
  [ "$status" -eq 0 ]
  [ "$before" = "$(manifest "$(cache_of shop)")" ]
  run dokku plugin:install
  [[ "$output" == *"cache:purge-legacy --all"* ]]
  [ "$before" = "$(manifest "$(cache_of shop)")" ]
  [ "$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")" = "$(installed_version)" ]
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
}

@test "the distribution's own Python is used, whatever /usr/bin/python3 points to" {
  needs_stand_in "replaces /usr/bin/python3"
  [[ "$(readlink /usr/bin/python3)" == python3.* ]] || skip "the distribution's is no link here"
  printf '#!/bin/sh\necho "a Python of another owner" >&2\nexit 1\n' >"$SUITE_DIRECTORY/other-python"
  chmod 755 "$SUITE_DIRECTORY/other-python"
  mkdir "$SUITE_DIRECTORY/bin-upper" "$SUITE_DIRECTORY/bin-work"
  ln -s "$SUITE_DIRECTORY/other-python" "$SUITE_DIRECTORY/bin-upper/python3"
  # shellcheck disable=SC2016 # for the inner shell
  run unshare --mount --propagation private bash -c '
    mount -t overlay overlay -o "lowerdir=/usr/bin,upperdir=$1/bin-upper,workdir=$1/bin-work" /usr/bin || exit 99
    dokku plugin:install && dokku cache:list' bash "$SUITE_DIRECTORY"
  rm -rf "$SUITE_DIRECTORY"/bin-{upper,work} "$SUITE_DIRECTORY/other-python"
  [ "$status" -ne 99 ] || skip "there is no overlay file system here"
  [ "$status" -eq 0 ]
  [[ "$output" != *"another owner"* && "$output" != *"needs Python"* ]]
}

@test "root writes through no link that user dokku has put in its own directories" {
  needs_stand_in "puts links in place of the plugin's data"
  local data="$DOKKU_LIB_ROOT/data/cache" victim="$SUITE_DIRECTORY/victim"
  mkdir -p "$victim/directory"
  echo precious >"$victim/file"
  chmod 600 "$victim/file"
  mv "$data" "$data.kept"
  mv "$DOKKU_LOGS_DIR/cache.log" "$DOKKU_LOGS_DIR/cache.log.kept"
  ln -s "$victim/directory" "$data"
  ln -s "$victim/file" "$DOKKU_LOGS_DIR/cache.log"
  ln -s "$victim/file" "$(plugin)/a-link"
  before="$(manifest "$victim")"
  dokku plugin:install || true
  rm -f "$data" "$DOKKU_LOGS_DIR/cache.log"
  mkdir -m 755 "$data"
  chown dokku:dokku "$data"
  ln -s "$victim/file" "$data/installation"
  dokku plugin:install || true
  after="$(manifest "$victim")"
  rm -rf "$data" "$(plugin)/a-link"
  mv "$data.kept" "$data"
  mv -f "$DOKKU_LOGS_DIR/cache.log.kept" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(cat "$victim/file")" = precious ]
  rm -r "$victim"
  [ "$before" = "$after" ]
}

@test "commands work with an unknown locale, PYTHONHOME, no terminal and no input" {
  needs_stand_in "has settings of its own"
  make_app shop
  make_cache shop
  local odd=(env LANG=xx_YY.UTF-8 LC_ALL=xx_YY.UTF-8 PYTHONHOME=/nowhere PYTHONPATH=/nowhere PYTHONIOENCODING=ascii TERM=nonsense)
  for command in cache:list "cache:report $(app shop)" cache:history "cache:purge-legacy $(app shop) --dry-run"; do
    # shellcheck disable=SC2086 # a command and its arguments
    run "${odd[@]}" setsid dokku $command </dev/null
    [ "$status" -eq 0 ]
    # As `ssh -tt` gives a terminal whose input has ended.
    # shellcheck disable=SC2086
    run "$BATS_TEST_DIRNAME/../type" "" "${odd[@]}" dokku $command
    [ "$status" -eq 0 ]
  done
}

@test "a pinned version and a checkout without .git work, and use leaves git clean" {
  needs_stand_in "installs the plugin anew"
  dokku plugin:uninstall cache
  dokku plugin:install "file://$PLUGIN_REPOSITORY" --committish "$(git -C "$PLUGIN_REPOSITORY" rev-parse HEAD)"
  make_app shop
  make_cache shop
  dokku cache:list
  dokku cache:purge-legacy "$(app shop)"
  run_daily_job
  [ -z "$(git -c safe.directory='*' -C "$(plugin)/" status --porcelain --ignored=no)" ]
  mv "$(plugin)/.git" "$SUITE_DIRECTORY/repository-kept"
  run dokku plugin:install
  [ "$status" -eq 0 ]
  run --separate-stderr dokku cache:list
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  # A pinned version has no branch that plugin:update could follow.
  dokku plugin:uninstall cache
  rm -rf "$SUITE_DIRECTORY/repository-kept"
  dokku plugin:install "file://$PLUGIN_REPOSITORY"
}
