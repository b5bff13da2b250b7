/**
 * Deletes the rules with a comment from chains of the filter table, one by one: Docker and others change the other
 * rules at any time, and `iptables-save | iptables-restore` would undo what they change in between.
 *
 * @param comment - a word.
 */
export const deleteRules = (comment: string, chains: readonly string[]): string =>
  [
    `for lb_chain in ${chains.join(' ')}; do iptables -w 10 -S $lb_chain; done`,
    // Some versions of iptables print a word in quotes.
    `sed -n '/--comment "\\{0,1\\}${comment}"\\{0,1\\} /{s/"//g;s/^-A/-D/p;}'`,
    'while read -r lb_rule; do iptables -w 10 $lb_rule; done',
  ].join(' | ')
