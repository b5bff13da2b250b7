/**
 * Deletes the rules with a comment from chains of the filter table, one by one: Docker and others change the other
 * rules at any time, and `iptables-save | iptables-restore` would undo what they change in between. Fails if the rules
 * cannot be listed, one cannot be deleted, or one is left. One line.
 *
 * @param comment - a word.
 */
export function deleteRules(comment: string, chains: readonly string[]): string {
  const list = `lb_rules=$(for lb_chain in ${chains.join(' ')}; do iptables -w 10 -S $lb_chain || exit; done)`
  // Some versions of iptables print a word in quotes.
  const plain = `s/ --comment "${comment}" / --comment ${comment} /`
  const deletions = `printf '%s\\n' "$lb_rules" | sed -n '${plain};/ --comment ${comment} /s/^-A/-D/p'`
  return [
    list,
    `${deletions} | (while read -r lb_rule; do iptables -w 10 $lb_rule || exit 1; done)`,
    list,
    `! ${deletions} | grep . >&2`,
  ].join(' && ')
}
