/** Three lines from a file to an answer, for each picture whose URL is given; `createClassifier` is of either entry. */
export async function answers(createClassifier, model, pictures) {
  const classify = await createClassifier(model);
  const guesses = await classify(pictures);
  classify.dispose();
  return guesses.map((top) => top.map(({ label }) => label));
}
