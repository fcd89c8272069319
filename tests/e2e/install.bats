#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Triggers install, update and dependencies

load helper
setup() { DATA="$DOKKU_LIB_ROOT/data/cache" PLUGIN="$DOKKU_LIB_ROOT/plugins/enabled/cache"; }
teardown() {
  rm -rf "$SUITE_DIRECTORY"/server/bin/{dpkg-query,apt-get,apt-cache,timeout} "$SUITE_DIRECTORY"/{held,asked,others,real-python,old-python}
  [[ "$DOKKU_UNDER_TEST" == real && -e "$DATA/installation" ]] || dokku plugin:install
  clean_up
}

# first_installation: the next update behaves as after the first installation.
first_installation() { rm "$DATA/dokku-version"; }

# warns COMMAND TEXT: a command of the plugin succeeds with one warning.
warns() {
  # shellcheck disable=SC2086 # a command and its arguments
  run --separate-stderr dokku cache:$1
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"$2" && "${#stderr_lines[@]}" -eq 1 ]]
}

# bats test_tags=quick,umask
@test "the first installation shows removable caches, deletes nothing, and records the version" {
  needs_spare_server "installs the plugin again"
  holds_from 0.33.8
  [ -z "$(find -L "$PLUGIN" ! -user dokku)" ]
  for path in "$DATA" "$DOKKU_LIB_ROOT/config/cache" "$DATA/dokku-version" "$DOKKU_LOGS_DIR/cache.log"; do
    [ "$(stat --format %U "$path")" = dokku ]
  done
  make_ghost oldblog
  make_herokuish_volume forum 2
  without_min_age
  first_installation
  before="$(manifest "$DOKKU_ROOT/$(app oldblog)")"
  run dokku plugin:update cache
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [[ "$output" == *"$(app forum)"*"remove  2.0 MiB, volume cache-$(app forum), orphaned"* && "$output" == *"cache:purge-volumes --orphaned"* ]]
  has_volume "cache-$(app forum)"
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app oldblog)")" ]
  [ "$(cat "$DATA/dokku-version")" = "$(installed_version)" ]
  # List, preview, purge: in the order of cache:help.
  steps="$(grep -o 'dokku cache:\(list\|purge-legacy\).*' <<<"$output")"
  [ "$steps" = "$(dokku cache:help | grep -o 'dokku cache:\(list\|purge-legacy\).*')" ]
  first_installation
  set_property --global auto-purge false
  run dokku plugin:update cache
  [[ "$output" == *"Nothing was deleted. The daily run will not delete anything, because auto-purge is off."* ]]
  [[ "$output" != *"auto-purge false"* ]]
}

@test "an installation without caches says so in a line, and a later update prints nothing" {
  needs_spare_server "installs the plugin again"
  # An old plugn cannot update a repository that belongs to another user.
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || plugn update cache >/dev/null 2>&1 || skip "its plugn cannot update any plugin"
  first_installation
  run dokku plugin:update cache
  [[ "$output" == *"No legacy caches and no cache volumes of destroyed apps found"* ]]
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  [[ "$DOKKU_UNDER_TEST" == "real" || "$output" == "Plugin (cache) updated" ]]
}

# bats test_tags=umask
@test "after an installation with a strict umask of root, the dokku user can use the plugin" {
  needs_spare_server "closes the plugin to others, as a clone with such a umask is"
  holds_from 0.33.8
  make_ghost oldblog
  first_installation
  chown -R root:root "$PLUGIN/"
  chmod -R go-rwx "$PLUGIN/"
  run bash -c "umask 077 && dokku plugin:update cache"
  [ "$status" -eq 0 ]
  [[ "$output" != *"ermission denied"* && "$output" != *"could not"* ]]
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [ "$(stat --format %a "$PLUGIN/.git/")" = 700 ]
  run dokku cache:purge-legacy "$(app oldblog)"
  [ "$status" -eq 0 ]
  is_removed oldblog
}

# fake NAME LINE...: Dokku finds this before the machine's own program of that name.
fake() {
  printf '%s\n' '#!/bin/bash' "${@:2}" >"$SUITE_DIRECTORY/server/bin/$1"
  chmod +x "$SUITE_DIRECTORY/server/bin/$1"
}

make_package_missing() { fake dpkg-query '[[ "$*" != *python3-rich* ]] && exec /usr/bin/dpkg-query "$@"' 'exit 1'; }

# make_other_plugin: another plugin, which records that its trigger was run.
make_other_plugin() {
  rm -f "$SUITE_DIRECTORY/others"
  other_plugin install "echo ran >>$SUITE_DIRECTORY/others"
}

# bats test_tags=umask
@test "a failing apt-get does not fail plugin:install; every command warns until the package is installed" {
  needs_stand_in "pretends that a package is missing"
  # Nothing is missing: apt-get is not called.
  fake apt-get "touch $SUITE_DIRECTORY/asked" 'exit 100'
  dokku plugin:install
  dokku plugin:install-dependencies
  [ ! -e "$SUITE_DIRECTORY/asked" ]
  make_package_missing
  make_other_plugin
  fake apt-get 'echo "E: no network"' 'exit 100'
  run --separate-stderr dokku plugin:install-dependencies
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"E: no network"* && "$stderr" == *"plugin:install-dependencies"* ]]
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [ -e "$SUITE_DIRECTORY/others" ]
  warning="$stderr"
  [[ "$warning" == *"python3-rich could not be installed (E: no network)"*"plugin:install-dependencies"* ]]
  for command in list report auto-purge "set --global auto-purge"; do
    warns "$command" "$warning"
  done
  run --separate-stderr dokku report
  [ -z "$stderr" ]
  rm "$SUITE_DIRECTORY/server/bin/dpkg-query"
  dokku plugin:install
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
}

@test "plugin:install-dependencies finishes an installation that failed, with its daily run" {
  needs_stand_in "pretends that a package is missing"
  local cron_file="$DOKKU_CACHE_SYSTEM_ROOT/etc/cron.d/dokku-cache"
  make_package_missing
  fake apt-get 'echo "E: no space"' 'exit 100'
  rm "$cron_file"
  dokku plugin:install
  [ ! -e "$cron_file" ]
  rm "$SUITE_DIRECTORY/server/bin/dpkg-query"
  dokku plugin:install-dependencies
  [ -e "$cron_file" ]
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
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

@test "while dpkg is locked, another plugin's installation waits a few seconds, and the plugin's own until the end" {
  needs_stand_in "holds dpkg's lock"
  make_package_missing
  make_other_plugin
  touch "$DATA/installation"
  hold_dpkg_lock &
  holder="$!"
  wait_for test -e "$SUITE_DIRECTORY/held"
  SECONDS=0
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [ "$SECONDS" -le 30 ]
  [ -e "$SUITE_DIRECTORY/others" ]
  [[ "$stderr" == *"lock"*"plugin:install-dependencies"* ]]
  touch "$PLUGIN/.git/index"
  (sleep 8 && kill "$holder") 3>&- &
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
}

# without PROGRAMS COMMAND...: runs a command on a machine without these programs.
without() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private bash -c '
    for program in $1; do mount --bind /dev/null "$(readlink -f "$program")" || exit 99; done
    "${@:2}"' bash "$@"
}

@test "an apt-get that hangs, or none, delays and fails no installation" {
  needs_stand_in "replaces apt-get, and hides programs"
  make_package_missing
  touch "$DATA/installation"
  fake apt-get 'sleep 100'
  fake timeout 'shift 2' 'exec /usr/bin/timeout 2 "$@"'
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"apt-get did not finish within 20 s"* ]]
  rm "$SUITE_DIRECTORY"/server/bin/{apt-get,dpkg-query,timeout}
  run --separate-stderr without "/usr/bin/apt-get /usr/bin/dpkg-query" dokku plugin:install
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"without apt-get"* ]]
}

# as_old COMMAND...: runs a command while /usr/bin/python3 says that it is 3.9.2.
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

without_python() { without /usr/bin/python3 "$@"; }

@test "a missing or too old Python is reported before apt-get runs, and disturbs no deploy and no dokku report" {
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
    for command in "report $(app shop)" "git:from-image $(app shop) dokku-cache-test"; do
      # shellcheck disable=SC2086 # words
      run --separate-stderr "$where" dokku $command
      [ "$status" -eq 0 ]
      [ -z "$stderr" ]
    done
    run --separate-stderr "$where" dokku cache:list
    [ "$status" -eq 1 ]
    [ "$(grep -c "needs Python 3.10 or newer" <<<"$stderr")" -eq 1 ]
  done
  [ ! -e "$SUITE_DIRECTORY/asked" ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
  rm "$SUITE_DIRECTORY"/server/bin/apt-*
  dokku plugin:install
  run --separate-stderr dokku cache:list
  [ -z "$stderr" ]
}

@test "a plugin that was cloned and never installed says so, and does nothing" {
  needs_spare_server "undoes the installation"
  holds_from 0.36.7
  make_app shop
  make_cache shop
  make_app other
  rm "$DATA/"{installation,dokku-version}
  before="$(manifest "$(cache_of shop)")"
  for command in list report "set --global auto-purge"; do
    warns "$command" "!     The installation of dokku-cache is not finished; run 'sudo dokku plugin:install'"
  done
  run deploy shop
  [ "$status" -eq 0 ]
  run dokku --force apps:destroy "$(app other)"
  [ "$status" -eq 0 ]
  [ "$before" = "$(manifest "$(cache_of shop)")" ]
  run dokku plugin:install
  [[ "$output" == *"cache:purge-legacy --all"* ]]
  [ "$before" = "$(manifest "$(cache_of shop)")" ]
  [ "$(cat "$DATA/dokku-version")" = "$(installed_version)" ]
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

@test "root writes through no link that the dokku user has created in its own directories" {
  needs_stand_in "replaces the plugin's data with links"
  local victim="$SUITE_DIRECTORY/victim"
  mkdir -p "$victim/directory"
  echo precious >"$victim/file"
  chmod 600 "$victim/file"
  mv "$DATA" "$DATA.kept"
  mv "$DOKKU_LOGS_DIR/cache.log" "$DOKKU_LOGS_DIR/cache.log.kept"
  ln -s "$victim/directory" "$DATA"
  ln -s "$victim/file" "$DOKKU_LOGS_DIR/cache.log"
  ln -s "$victim/file" "$PLUGIN/a-link"
  before="$(manifest "$victim")"
  dokku plugin:install || true
  rm -f "$DATA" "$DOKKU_LOGS_DIR/cache.log"
  mkdir -m 755 "$DATA"
  chown dokku:dokku "$DATA"
  ln -s "$victim/file" "$DATA/installation"
  dokku plugin:install || true
  after="$(manifest "$victim")"
  rm -rf "$DATA" "$PLUGIN/a-link"
  mv "$DATA.kept" "$DATA"
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
  run "${odd[@]}" setsid dokku cache:list </dev/null
  [ "$status" -eq 0 ]
  # As `ssh -tt` gives a terminal whose input has ended.
  for command in "cache:report $(app shop)" "cache:purge-legacy $(app shop) --dry-run"; do
    # shellcheck disable=SC2086 # a command and its arguments
    run "$BATS_TEST_DIRNAME/../type" "" "${odd[@]}" dokku $command
    [ "$status" -eq 0 ]
  done
}

@test "a pinned version and a checkout without .git work, and use leaves git clean" {
  needs_stand_in "installs the plugin again"
  dokku plugin:uninstall cache
  dokku plugin:install "file://$PLUGIN_REPOSITORY" --committish "$(git -C "$PLUGIN_REPOSITORY" rev-parse HEAD)"
  make_app shop
  make_cache shop
  dokku cache:list
  dokku cache:purge-legacy "$(app shop)"
  run_daily_job
  [ -z "$(git -c safe.directory='*' -C "$PLUGIN/" status --porcelain --ignored=no)" ]
  mv "$PLUGIN/.git" "$SUITE_DIRECTORY/repository-kept"
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
