import { COMPLETE_VARIABLE } from './variable.ts'

const BASH = String.raw`# Completion of Labbook's playbooks for bash.
declare -gA _labbook_previous
# Completes the last word of a line: the arguments of a command.
_labbook_reply() {
  local line=$1 word found cur prefix
  shift
  local -a words
  read -ra words <<<"$line"
  cur=
  [[ $line == *[![:space:]] ]] && { cur=${'$'}{words[-1]}; unset 'words[-1]'; }
  found=$(${COMPLETE_VARIABLE}=1 "$@" "${'$'}{words[@]}" "$cur" </dev/null 2>/dev/null)
  if [[ $found == :files ]]; then
    word=${'$'}{cur#*=}
    mapfile -t COMPREPLY < <(compgen -f -- "${'$'}{word#@}")
    compopt -o filenames
    return
  fi
  # bash also splits words at these characters, and completes only the part after the last one.
  prefix=${'$'}{cur%"${'$'}{cur##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    [[ -n $word ]] || continue
    [[ $word == *= ]] && compopt -o nospace
    word=${'$'}{word#"$prefix"}
    [[ $word == *[!A-Za-z0-9_.,:=@%+/-]* ]] && word=$(printf %q "$word")
    COMPREPLY+=("$word")
  done <<<"$found"
}
_labbook_entry() {
  local entry='' word i line
  if [[ ${'$'}{COMP_WORDS[*]:0:2} == 'npx labbook' && $COMP_CWORD -gt 1 ]]; then
    COMP_WORDS=("${'$'}{COMP_WORDS[@]:1}")
    COMP_CWORD=$((COMP_CWORD - 1))
    _labbook npx
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${'$'}{COMP_WORDS[i]}
    if [[ $word == *.mjs ]] && grep -qs labbook/cli "$word"; then entry=$word; break; fi
  done
  if [[ -z $entry ]]; then
    [[ -n ${'$'}{_labbook_previous[$1]} ]] && "${'$'}{_labbook_previous[$1]}" "$@"
    return
  fi
  line=${'$'}{COMP_LINE:0:COMP_POINT}
  _labbook_reply "${'$'}{line#*"$entry"}" node "$entry"
}
for _labbook_command in node npx zx; do
  if [[ $(complete -p "$_labbook_command" 2>/dev/null) =~ -F\ ([^ ]+) && ${'$'}{BASH_REMATCH[1]} != _labbook_entry ]]; then
    _labbook_previous[$_labbook_command]=${'$'}{BASH_REMATCH[1]}
  fi
done
unset _labbook_command
complete -o bashdefault -o default -F _labbook_entry node npx zx
`

const ZSH = String.raw`# Completion of Labbook's playbooks for zsh.
typeset -gA _labbook_previous
# Completes with what a command prints.
_labbook_reply() {
  local found
  found=$(${COMPLETE_VARIABLE}=1 "$@" </dev/null 2>/dev/null)
  if [[ $found == :files ]]; then
    compset -P '*[=@]'
    _files
    return
  fi
  local -a described assigned
  local line
  for line in ${'$'}{(f)found}; do
    line=${'$'}{line//:/\\:}
    line=${'$'}{line/$'\t'/:}
    if [[ $line == *= ]]; then assigned+=$line; else described+=$line; fi
  done
  (($#described)) && _describe value described
  (($#assigned)) && _describe variable assigned -S ''
}
_labbook_entry() {
  local entry= i
  if [[ $words[1] == npx && $words[2] == labbook ]] && ((CURRENT > 2)); then
    shift words
    ((CURRENT--))
    # With --no, npx installs nothing.
    _labbook npx --no
    return
  fi
  for ((i = 2; i < CURRENT; i++)); do
    if [[ $words[i] == *.mjs ]] && grep -qs labbook/cli "$words[i]"; then entry=$words[i]; break; fi
  done
  if [[ -z $entry ]]; then
    ${'$'}{_labbook_previous[$service]:-_default} "$@"
    return
  fi
  _labbook_reply node "$entry" "${'$'}{(@Q)words[i+1,CURRENT]}"
}
() {
  local command
  for command in node npx zx; do
    [[ $_comps[$command] != _labbook_entry ]] && _labbook_previous[$command]=$_comps[$command]
  done
}
compdef _labbook_entry node npx zx
`

const FISH = String.raw`# Completion of Labbook's playbooks for fish.
function __labbook_entry
    for word in (commandline -opc)
        string match -q '*.mjs' -- $word; and grep -qs labbook/cli $word; and echo $word; and return 0
    end
    return 1
end
# Prints the completions of the current word, which a command completes.
function __labbook_reply
    set -l current (commandline -ct)
    set -l found (env ${COMPLETE_VARIABLE}=1 $argv "$current" </dev/null 2>/dev/null)
    if test "$found" = :files
        __fish_complete_path (string replace -r '^(--[^=]*=)?@?' '' -- $current)
    else
        string join \n -- $found
    end
end
function __labbook_complete
    set -l entry (__labbook_entry)
    set -l before (commandline -opc)
    set -e before[1..(contains -i -- $entry $before)]
    __labbook_reply node $entry $before
end
# The arguments of "labbook run". With --no, npx installs nothing.
function __labbook_run
    set -l before (commandline -opc)
    test "$before[1]" = npx; and set before npx --no $before[2..-1]
    __labbook_reply $before
end
function __labbook_npx
    set -l before (commandline -opc)
    test "$before[2..3]" = 'labbook run'
end
complete -c npx -n __labbook_npx -f -a '(__labbook_run)'
for command in node npx zx
    complete -c $command -n __labbook_entry -f -a '(__labbook_complete)'
end
`

/** By shell: the script that completes the arguments of entry points, `node playbooks/NAME.mjs`. */
export const ENTRY_SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
