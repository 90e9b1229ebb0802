package no.portvakt.tokens;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** One block of a PEM text (RFC 7468 §2). It may hold a private key, so it shows only its label. */
final class PemBlock {
  private static final String BEGIN = "-----BEGIN ";
  private static final String DASHES = "-----";

  private final String label;
  private final String body;

  private PemBlock(String label, String body) {
    this.label = label;
    this.body = body;
  }

  /**
   * The blocks of a text. What stands between them is passed over (RFC 7468 §5.2).
   *
   * @throws IllegalArgumentException when a block does not end as it began
   */
  static List<PemBlock> in(String text) {
    List<PemBlock> blocks = new ArrayList<>();
    int begin = text.indexOf(BEGIN);
    while (begin >= 0) {
      int labelEnd = text.indexOf(DASHES, begin + BEGIN.length());
      int next = text.indexOf(BEGIN, begin + BEGIN.length());
      if (labelEnd < 0 || (next >= 0 && next <= labelEnd)) {
        throw new IllegalArgumentException("A PEM block does not begin as it should.");
      }
      String label = text.substring(begin + BEGIN.length(), labelEnd);
      String end = DASHES + "END " + label + DASHES;
      int bodyEnd = text.indexOf(end, labelEnd + DASHES.length());
      if (bodyEnd < 0 || (next >= 0 && next < bodyEnd)) {
        throw new IllegalArgumentException("A PEM block has no end.");
      }
      blocks.add(new PemBlock(label, text.substring(labelEnd + DASHES.length(), bodyEnd)));
      begin = next;
    }
    return blocks;
  }

  /** What the block says it holds, such as {@code CERTIFICATE}. */
  String label() {
    return label;
  }

  /**
   * What the block holds.
   *
   * @throws IllegalArgumentException when it is not base64
   */
  byte[] bytes() {
    try {
      return Base64.getDecoder().decode(body.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      // Without the cause: it quotes the text.
      throw new IllegalArgumentException("A PEM block is not base64.");
    }
  }

  @Override
  public String toString() {
    return "PemBlock[" + RuleTrace.printable(label) + "]";
  }
}
