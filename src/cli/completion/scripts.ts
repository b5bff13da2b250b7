import type { CompletionShell } from '../options.ts'
import { COMPLETE_VARIABLE } from './variable.ts'

const BASH = String.raw`# Completion of Labbook's playbooks for bash.
declare -gA _labbook_previous
_labbook() {
  local entry='' word i found line cur prefix
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${'$'}{COMP_WORDS[i]}
    if [[ $word == *.mjs ]] && grep -qs labbook/cli "$word"; then entry=$word; break; fi
  done
  if [[ -z $entry ]]; then
    [[ -n ${'$'}{_labbook_previous[$1]} ]] && "${'$'}{_labbook_previous[$1]}" "$@"
    return
  fi
  line=${'$'}{COMP_LINE:0:COMP_POINT}
  line=${'$'}{line#*"$entry"}
  local -a words
  read -ra words <<<"$line"
  cur=
  [[ $line == *[![:space:]] ]] && { cur=${'$'}{words[-1]}; unset 'words[-1]'; }
  found=$(${COMPLETE_VARIABLE}=1 node "$entry" "${'$'}{words[@]}" "$cur" 2>/dev/null)
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
    COMPREPLY+=("$(printf %q "${'$'}{word#"$prefix"}")")
  done <<<"$found"
}
for _labbook_command in node npx zx; do
  if [[ $(complete -p "$_labbook_command" 2>/dev/null) =~ -F\ ([^ ]+) && ${'$'}{BASH_REMATCH[1]} != _labbook ]]; then
    _labbook_previous[$_labbook_command]=${'$'}{BASH_REMATCH[1]}
  fi
done
unset _labbook_command
complete -o bashdefault -o default -F _labbook node npx zx
`

const ZSH = String.raw`# Completion of Labbook's playbooks for zsh.
typeset -gA _labbook_previous
_labbook() {
  local entry= found i
  for ((i = 2; i < CURRENT; i++)); do
    if [[ $words[i] == *.mjs ]] && grep -qs labbook/cli "$words[i]"; then entry=$words[i]; break; fi
  done
  if [[ -z $entry ]]; then
    ${'$'}{_labbook_previous[$service]:-_default} "$@"
    return
  fi
  found=$(${COMPLETE_VARIABLE}=1 node "$entry" "${'$'}{(@Q)words[i+1,CURRENT]}" 2>/dev/null)
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
() {
  local command
  for command in node npx zx; do
    [[ $_comps[$command] != _labbook ]] && _labbook_previous[$command]=$_comps[$command]
  done
}
compdef _labbook node npx zx
`

const FISH = String.raw`# Completion of Labbook's playbooks for fish.
function __labbook_entry
    for word in (commandline -opc)
        string match -q '*.mjs' -- $word; and grep -qs labbook/cli $word; and echo $word; and return 0
    end
    return 1
end
function __labbook_complete
    set -l entry (__labbook_entry)
    set -l before (commandline -opc)
    set -e before[1..(contains -i -- $entry $before)]
    set -l current (commandline -ct)
    set -l found (${COMPLETE_VARIABLE}=1 node $entry $before "$current" 2>/dev/null)
    if test "$found" = :files
        __fish_complete_path (string replace -r '^(--[^=]*=)?@?' '' -- $current)
    else
        string join \n -- $found
    end
end
for command in node npx zx
    complete -c $command -n __labbook_entry -f -a '(__labbook_complete)'
end
`

/** The script that a user sources. */
export const completionScript = (shell: CompletionShell): string => ({ bash: BASH, zsh: ZSH, fish: FISH })[shell]
