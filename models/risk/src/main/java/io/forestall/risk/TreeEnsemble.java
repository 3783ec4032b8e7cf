package io.forestall.risk;

import java.util.List;

/**
 * Gradient-boosted trees in plain Java: the logit of an input is the sum of one leaf a tree. Row
 * A7. Who trained them exports their splits once; scoring them is a walk over arrays that allocates
 * nothing. Immutable and thread-safe.
 */
public final class TreeEnsemble {
  /** Most trees of an ensemble; count. */
  public static final int MAXIMUM_TREES = 4096;

  /** Most splits of all trees together; count. */
  public static final int MAXIMUM_SPLITS = 1 << 20;

  /**
   * One tree. A child that is not negative is a split of this tree, a negative one the leaf {@code
   * -1 - child}. A tree without a split has one leaf.
   *
   * @param inputs index of the input that each split looks at
   * @param thresholds an input that is not above the threshold goes left
   * @param left left child of each split
   * @param right right child of each split
   * @param leaves logits, one more than splits
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier, never compared
  public record Tree(int[] inputs, float[] thresholds, int[] left, int[] right, float[] leaves) {
    /**
     * @throws IllegalArgumentException when the arrays do not fit each other, a child does not
     *     exist or comes before its parent, or a number is not finite
     */
    public Tree {
      int splits = inputs.length;
      require(
          thresholds.length == splits && left.length == splits && right.length == splits,
          "has arrays of different lengths");
      require(
          leaves.length == splits + 1,
          "has " + leaves.length + " leaves for " + splits + " splits");
      for (int i = 0; i < splits; i++) {
        require(
            inputs[i] >= 0 && inputs[i] < FeatureExtractor.INPUTS, "looks at input " + inputs[i]);
        require(Float.isFinite(thresholds[i]), "has a threshold that is not finite");
        for (int child : new int[] {left[i], right[i]}) {
          // A child behind its parent: a walk always ends.
          require(
              child > i ? child < splits : child < 0 && -1 - child < leaves.length,
              "has a child " + child + " of split " + i + " that does not exist");
        }
      }
      for (float leaf : leaves) {
        require(Float.isFinite(leaf), "has a leaf that is not finite");
      }
    }

    private static void require(boolean holds, String what) {
      if (!holds) {
        throw new IllegalArgumentException("A tree " + what);
      }
    }
  }

  private final List<Tree> trees;
  private final int[] roots;
  private final int[] inputs;
  private final float[] thresholds;
  private final int[] children;
  private final float[] leaves;

  /**
   * Lays the trees out for walking.
   *
   * @throws IllegalArgumentException when they are too many
   */
  public TreeEnsemble(List<Tree> trees) {
    this.trees = List.copyOf(trees);
    long all = trees.stream().mapToLong(tree -> tree.inputs().length).sum();
    if (trees.size() > MAXIMUM_TREES || all > MAXIMUM_SPLITS) {
      throw new IllegalArgumentException(
          "An ensemble has "
              + trees.size()
              + " trees with "
              + all
              + " splits, at most "
              + MAXIMUM_TREES
              + " and "
              + MAXIMUM_SPLITS
              + " are possible");
    }
    int splits = (int) all;
    roots = new int[trees.size()];
    inputs = new int[splits];
    thresholds = new float[splits];
    children = new int[2 * splits];
    leaves = new float[splits + trees.size()];
    int split = 0;
    int leaf = 0;
    for (int t = 0; t < roots.length; t++) {
      Tree tree = trees.get(t);
      int n = tree.inputs().length;
      roots[t] = n == 0 ? -1 - leaf : split;
      for (int i = 0; i < n; i++) {
        inputs[split + i] = tree.inputs()[i];
        thresholds[split + i] = tree.thresholds()[i];
        children[2 * (split + i)] = moved(tree.left()[i], split, leaf);
        children[2 * (split + i) + 1] = moved(tree.right()[i], split, leaf);
      }
      System.arraycopy(tree.leaves(), 0, leaves, leaf, n + 1);
      split += n;
      leaf += n + 1;
    }
  }

  private static int moved(int child, int splits, int leaves) {
    return child >= 0 ? child + splits : child - leaves;
  }

  /** The trees as they were given. */
  public List<Tree> trees() {
    return trees;
  }

  /**
   * The logit of an input.
   *
   * @param input of length {@link FeatureExtractor#INPUTS}, all finite
   */
  public float logit(float[] input) {
    double sum = 0;
    for (int root : roots) {
      int at = root;
      while (at >= 0) {
        at = children[2 * at + (input[inputs[at]] <= thresholds[at] ? 0 : 1)];
      }
      sum += leaves[-1 - at];
    }
    return (float) sum;
  }
}
