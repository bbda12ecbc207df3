#!/bin/sh
# Makes the role that Holdfast needs on an oVirt engine and gives it to a user, by calls of the API. It may be run again at any
# time, and after an upgrade of Holdfast should be: what is there already stays, and permits that are missing are added.
#
#   create-role.sh --engine https://engine.example.com --user holdfast@internal
#
# The user must exist in its directory; in the engine's own one:
#   ovirt-aaa-jdbc-tool user add holdfast && ovirt-aaa-jdbc-tool user password-reset holdfast
#
# The password of the administrator is the first line of --password-file, else asked for; it is in no process list.
set -eu

usage() {
  cat <<'USAGE'
create-role.sh --engine URL --user NAME@PROFILE [options]

  --engine URL           https://host[:port] of the Manager
  --user NAME@PROFILE    who is to have the role, as Holdfast logs in
  --authz NAME           the profile's directory in the engine's words (PROFILE-authz unless said)
  --admin NAME@PROFILE   who makes it (admin@internal unless said)
  --password-file FILE   file with the administrator's password in its first line
  --cacert FILE          PEM of the CA that signs the API's certificate
  --role NAME            name of the role (Holdfast unless said)
  --list                 print the permits and do nothing
USAGE
}

# Every permit, and none besides; docs/operations/engine-user.md says what each is for.
permits='
login
backup_disk
edit_disk_properties
create_disk
manipulate_vm_snapshots
inject_external_events
create_vm
import_export_vm
edit_vm_properties
delete_vm
attach_disk
configure_vm_storage
delete_disk
configure_vm_network
run_vm
change_vm_custom_properties
edit_admin_vm_properties
tag_management
manipulate_affinity_groups
stop_vm
shut_down_vm
hibernate_vm
'

# A shell that a signal ends does not clean up; one that exits does.
trap 'exit 130' INT TERM
fail() { echo "create-role.sh: $*" >&2; exit 1; }

engine='' user='' authz='' admin=admin@internal password_file='' cacert='' role_name=Holdfast
while [ $# -gt 0 ]; do
  case "$1" in
    --list) for permit in $permits; do echo "$permit"; done; exit 0 ;;
    --help|-h) usage; exit 0 ;;
    --engine|--user|--authz|--admin|--password-file|--cacert|--role)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case "$1" in
        --engine) engine=${2%/} ;;
        --user) user=$2 ;;
        --authz) authz=$2 ;;
        --admin) admin=$2 ;;
        --password-file) password_file=$2 ;;
        --cacert) cacert=$2 ;;
        --role) role_name=$2 ;;
      esac
      shift 2 ;;
    *) usage >&2; exit 64 ;;
  esac
done
[ -n "$engine" ] && [ -n "$user" ] || { usage >&2; exit 64; }
case "$user" in ?*@?*) ;; *) fail "a user is NAME@PROFILE, not $user" ;; esac
case "$user$role_name$authz" in *[!A-Za-z0-9@._-]*) fail "letters, digits, and . _ - @ only in names" ;; esac
account=${user%@*}
[ -n "$authz" ] || authz=${user##*@}-authz

if [ -n "$password_file" ]; then
  password=$(head -n 1 "$password_file")
else
  [ -t 0 ] || fail "no terminal to ask for the password: use --password-file"
  printf 'Password of %s: ' "$admin" >&2
  trap 'stty echo' EXIT
  stty -echo; IFS= read -r password; stty echo
  trap - EXIT
  echo >&2
fi

not_reached() {
  [ "$1" -eq 60 ] || fail "$engine cannot be reached"
  fail "the certificate of $engine is not trusted: give the CA that signs it by --cacert FILE; the engine's own one is at
  $engine/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA
  (fetched with curl --insecure it is to be compared with /etc/pki/ovirt-engine/ca.pem on the engine's machine)"
}

ask() { curl --silent --show-error --max-time 60 ${cacert:+--cacert "$cacert"} "$@"; }

said=$(printf '%s' "$password" | ask --header 'Accept: application/json' \
  --data-urlencode grant_type=password --data-urlencode scope=ovirt-app-api \
  --data-urlencode "username=$admin" --data-urlencode password@- \
  "$engine/ovirt-engine/sso/oauth/token") || not_reached $?
token=$(printf '%s' "$said" | sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
[ -n "$token" ] || fail "$admin is not let in: $said"

# The token would be good for hours; an engine that does not take it back is not told of.
log_out() {
  printf '%s' "$token" | ask --output /dev/null --data-urlencode scope=ovirt-app-api --data-urlencode token@- \
    "$engine/ovirt-engine/services/sso-logout" 2>/dev/null || true
}
trap log_out EXIT

# api METHOD PATH [BODY]: the answer without line ends; ends the script when the engine refuses.
api() {
  if [ $# -gt 2 ]; then set -- "$1" "$2" --header 'Content-Type: application/xml' --data-binary "$3"; fi
  method=$1 path=$2; shift 2
  answer=$(printf 'header = "Authorization: Bearer %s"\n' "$token" | ask --config - --request "$method" \
    --header 'Accept: application/xml' --header 'Accept-Language: en-US' --write-out '\n%{http_code}' "$@" \
    "$engine/ovirt-engine/api$path") || fail "$method $path was not answered"
  status=$(printf '%s\n' "$answer" | tail -n 1)
  answer=$(printf '%s\n' "$answer" | sed '$d' | tr -d '\n\r')
  case "$status" in 2??) printf '%s\n' "$answer" ;; *) fail "$method $path: $status $answer" ;; esac
}

# one_a_line ELEMENT: each element of a list on a line of its own.
one_a_line() { sed "s/<$1 /\\n<$1 /g" | grep "^<$1 " || true; }
# id_of: the id in the first tag of each line.
id_of() { sed -n 's/^<[a-z_]* \([^>]* \)\{0,1\}id="\([^"]*\)".*/\2/p'; }
# with TEXT: the id of the first line that has the text; named NAME: of the one of that name.
with() { { grep -F "$1" || true; } | id_of | head -n 1; }
named() { with "<name>$1</name>"; }

# A refusal ends the script only where the answer is taken by itself, not at the head of a pipe.
said=$(api GET /roles)
roles=$(printf '%s\n' "$said" | one_a_line role)
role_id=$(printf '%s\n' "$roles" | named "$role_name")
super=$(printf '%s\n' "$roles" | named SuperUser)
[ -n "$super" ] || fail "the engine shows no role SuperUser: is $admin an administrator of the system?"
# Who holds every permit tells their ids, which only the engine knows.
said=$(api GET "/roles/$super/permits")
known=$(printf '%s\n' "$said" | one_a_line permit)

if [ -z "$role_id" ]; then
  wanted=''
  for permit in $permits; do
    id=$(printf '%s\n' "$known" | named "$permit")
    [ -n "$id" ] || { echo "this engine does not know the permit $permit: left out" >&2; continue; }
    wanted="$wanted<permit id=\"$id\"/>"
  done
  description='What Holdfast needs to back up and restore VMs'
  said=$(api POST /roles "<role><name>$role_name</name><description>$description</description><administrative>true</administrative><permits>$wanted</permits></role>")
  role_id=$(printf '%s\n' "$said" | one_a_line role | id_of | head -n 1)
  echo "role $role_name was made"
else
  said=$(api GET "/roles/$role_id/permits")
  held=$(printf '%s\n' "$said" | one_a_line permit)
  for permit in $permits; do
    [ -z "$(printf '%s\n' "$held" | named "$permit")" ] || continue
    id=$(printf '%s\n' "$known" | named "$permit")
    [ -n "$id" ] || { echo "this engine does not know the permit $permit: left out" >&2; continue; }
    said=$(api POST "/roles/$role_id/permits" "<permit id=\"$id\"/>")
    echo "permit $permit was added to role $role_name"
  done
  for permit in $(printf '%s\n' "$held" | sed -n 's/.*<name>\([a-z_]*\)<\/name>.*/\1/p'); do
    printf '%s' "$permits" | grep -qx "$permit" ||
      echo "role $role_name also holds $permit, which Holdfast does not need" >&2
  done
fi
[ -n "$role_id" ] || fail "the engine did not say which role it made"

said=$(api GET "/users?search=usrname%3D$account*")
user_id=$(printf '%s\n' "$said" | one_a_line user | with "<user_name>$account@$authz</user_name>")
if [ -z "$user_id" ]; then
  said=$(api POST /users "<user><user_name>$account@$authz</user_name><domain><name>$authz</name></domain></user>")
  user_id=$(printf '%s\n' "$said" | one_a_line user | id_of | head -n 1)
  [ -n "$user_id" ] || fail "the engine did not say which user it made"
  echo "user $user was made known to the engine"
fi

# A permission that names an object is not one on the system.
objects='<(data_center|cluster|host|storage_domain|vm|template|disk|vnic_profile|network|vm_pool) '
said=$(api GET "/users/$user_id/permissions")
if printf '%s\n' "$said" | one_a_line permission | grep -F "id=\"$role_id\"" | grep -qvE "$objects"; then
  echo "user $user has role $role_name on the system"
else
  said=$(api POST /permissions "<permission><role id=\"$role_id\"/><user id=\"$user_id\"/></permission>")
  echo "user $user was given role $role_name on the system"
fi
