import { onSent, track } from './send.js'

/** Mark the quiz on this page. The event carries the score, so it is sent once Lantern has counted it. */
export const setUpQuiz = (form) =>
  onSent(form, (told) => {
    form.querySelectorAll('[data-question]').forEach((question, at) => showMark(question, told.marks[at]))
    showResult(told)
    document.querySelector('[data-quiz-row]')?.classList.add('done')
    const { quiz: course, title } = form.dataset
    track('Quiz Finished', { course, title, score: told.score, questions: told.questions })
  })

const showMark = (question, mark) => {
  question.dataset.mark = mark.right ? 'right' : 'wrong'
  question.querySelectorAll('.option').forEach((option, at) => option.classList.toggle('option-right', at === mark.key))
  const because = question.querySelector('[data-because]')
  because.textContent = mark.because
  because.hidden = false
}

const showResult = ({ score, passed, verdict }) => {
  const result = document.querySelector('[data-result]')
  result.querySelector('[data-score]').textContent = score
  result.querySelector('[data-result-text]').textContent = verdict
  result.querySelector('[data-to-certificate]').hidden = !passed
  result.hidden = false
  result.focus({ preventScroll: true })
  result.scrollIntoView({ block: 'center', behavior: 'auto' })
}
