# shellcheck shell=bash
# What every door shares: where things are, a JDK, the jar, the class path. Sourced, never run.
# shellcheck disable=SC2034 # read by the doors that source this

# The repository's folder, wherever the door was called from; follows a symbolic link to the door.
HOME_DIR="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
APP_TARGET="$HOME_DIR/jobs/app/target"
FORESTALL_JAR="${FORESTALL_JAR:-$APP_TARGET/forestall.jar}"
LIB_DIR="${FORESTALL_LIB:-$APP_TARGET/lib}"
CONF_DIR="${FORESTALL_CONF:-$HOME_DIR/flink-conf}"
VAR_DIR="${FORESTALL_VAR:-$HOME_DIR/var}"
DOOR="$(basename "$0")"

# fail CODE WORDS: one line on standard error, then the exit code.
fail() {
  local code="$1"
  shift
  printf '%s: %s\n' "$DOOR" "$*" >&2
  exit "$code"
}

# Sets JAVA to a java of version 17 or newer.
find_java() {
  local candidate version
  if [ -n "${JAVA_HOME:-}" ]; then
    candidate="$JAVA_HOME/bin/java"
    [ -x "$candidate" ] || fail 2 "JAVA_HOME is $JAVA_HOME, which has no bin/java: point it at a JDK 17 or newer"
  else
    candidate="$(command -v java || true)"
    [ -n "$candidate" ] || fail 2 "no JDK found: install a JDK 17 or newer, or point JAVA_HOME at one"
  fi
  # 'openjdk version "17.0.15" ...', or "17-ea" for an early one.
  version="$("$candidate" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)"
  [ -n "$version" ] || fail 2 "$candidate does not say its version: point JAVA_HOME at a JDK 17 or newer"
  [ "$version" -ge 17 ] || fail 2 "$candidate is version $version: Forestall needs a JDK 17 or newer, point JAVA_HOME at one"
  JAVA="$candidate"
  JAVA_VERSION="$version"
}

# Builds the jar and lib when they are missing; FORESTALL_BUILD=no only says how.
ensure_built() {
  if [ -f "$FORESTALL_JAR" ] && [ -d "$LIB_DIR/flink" ] && [ -d "$LIB_DIR/dl4j" ] && [ -d "$LIB_DIR/broker" ]; then
    if [ "${FORESTALL_BUILD:-yes}" != no ] && [ "$FORESTALL_JAR" = "$APP_TARGET/forestall.jar" ] &&
      [ -n "$(find "$HOME_DIR/schemas" "$HOME_DIR/models" "$HOME_DIR/jobs" "$HOME_DIR/pom.xml" -path '*/src/main/*' -newer "$FORESTALL_JAR" -print -quit 2>/dev/null)" ]; then
      printf '%s: sources are newer than the jar; build again with (cd %q && ./mvnw -q -DskipTests package)\n' "$DOOR" "$HOME_DIR" >&2
    fi
    return
  fi
  local missing="$FORESTALL_JAR"
  [ ! -f "$FORESTALL_JAR" ] || missing="$LIB_DIR/flink, dl4j or broker"
  if [ "${FORESTALL_BUILD:-yes}" = no ] || [ ! -x "$HOME_DIR/mvnw" ]; then
    fail 2 "$missing is missing: build it with (cd '$HOME_DIR' && ./mvnw -q -DskipTests package)"
  fi
  printf '%s: %s is missing, building it (once; a few minutes on a fresh machine)\n' "$DOOR" "$missing" >&2
  (cd "$HOME_DIR" && ./mvnw -q -B -ntp -Dfast -DskipTests -pl jobs/app -am package) >&2 ||
    fail 1 "the build failed: see above, or run (cd '$HOME_DIR' && ./mvnw -DskipTests package)"
  [ -f "$FORESTALL_JAR" ] || fail 1 "the build made no $FORESTALL_JAR"
}

# Java options for every process of ours.
java_options() {
  JAVA_OPTIONS=(
    -Dorg.bytedeco.javacpp.maxphysicalbytes=0
    # Native libraries unpack to 400 MB: once for all processes.
    "-Dorg.bytedeco.javacpp.cachedir=$VAR_DIR/javacpp"
    --add-opens=java.base/java.util=ALL-UNNAMED
    --add-opens=java.base/java.lang=ALL-UNNAMED
  )
  if [ "$JAVA_VERSION" -ge 24 ]; then
    JAVA_OPTIONS+=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
  fi
  # Two OpenMP threads spin-wait on a busy machine.
  export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
}

# free_mebibytes FOLDER
free_mebibytes() {
  df -Pk "$1" | awk 'NR == 2 { printf "%d", $4 / 1024 }'
}

# require_space FOLDER OPTION: enough room for checkpoints and logs, else one line.
require_space() {
  local free need="${FORESTALL_MIN_FREE_MIB:-512}"
  free="$(free_mebibytes "$1")"
  [ "$free" -ge "$need" ] ||
    fail 1 "the disk of $1 has $free MiB free, at least $need MiB are needed: free some or choose another folder with $2"
}
