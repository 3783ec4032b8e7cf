package io.forestall.dl4j;

/**
 * How the boosted trees are trained.
 *
 * @param rounds trees a repeat, at least 1
 * @param repeats how often, with other random choices; the mean counts; at least 1
 * @param leaves most leaves of a tree, at least 2
 * @param smallestLeaf fewest days of a leaf, at least 1
 * @param learningRate of each tree, above 0
 * @param survivingRows days of drives that survive that are drawn, at most about; at least 1
 */
public record TreeRecipe(
    int rounds, int repeats, int leaves, int smallestLeaf, double learningRate, int survivingRows) {
  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public TreeRecipe {
    if (rounds < 1
        || repeats < 1
        || leaves < 2
        || smallestLeaf < 1
        || survivingRows < 1
        || !(learningRate > 0)) {
      throw new IllegalArgumentException(
          "rounds, repeats, smallestLeaf and survivingRows are at least 1, leaves at least 2,"
              + " learningRate above 0");
    }
  }

  /** The recipe of the shipped disk model. */
  public static TreeRecipe standard() {
    return new TreeRecipe(150, 2, 31, 300, 0.05, 300_000);
  }
}
