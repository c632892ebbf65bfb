/** One line of a top-k list. */
export interface ClassResult {
  /** Index of the class in the model's output. */
  readonly index: number;
  /** The label of that index; `class_<index>` if the model has no labels. */
  readonly label: string;
  /** Probability in [0, 1]. */
  readonly score: number;
}
