// Counts without loading the page again. Without JavaScript the form does the same by POST and redirect.
const show = (id, text) => {
  document.getElementById(id).textContent = text
}

async function count(action) {
  try {
    const response = await fetch(`api/counter/${action}`, { method: 'POST' })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error)
    for (const id of ['count', 'replica', 'node']) show(id, answer[id])
    show('problem', '')
  } catch (error) {
    show('problem', error.message)
  }
}

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void count(event.submitter?.value ?? 'increment')
})
