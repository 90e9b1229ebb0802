package no.portvakt.server.registration;

/**
 * The grammar of the part of a scope after its prefix (docs/protocol/maskinporten-admin.md, "Names
 * of scopes"). The documented regular expression backtracks exponentially; this reads each
 * character once.
 */
public final class SubscopeGrammar {
  private static final int LONGEST = 255;

  private SubscopeGrammar() {}

  /**
   * Whether a subscope is well formed: runs of lower-case letters and digits; between them {@code
   * /}, then {@code :}, then {@code .}, in this order; two characters at least before the first
   * dot, and after the last colon.
   */
  public static boolean isValid(String subscope) {
    if (subscope.length() > LONGEST) {
      return false;
    }
    char highest = '/'; // the separators seen so far allow this one and those after it
    int run = 0;
    int before = 0; // letters and digits before the first dot, or since the last colon
    boolean dot = false;
    for (int i = 0; i < subscope.length(); i++) {
      char c = subscope.charAt(i);
      if (isLetterOrDigit(c)) {
        run++;
        before += dot ? 0 : 1;
        continue;
      }
      boolean allowed =
          switch (c) {
            case '/' -> highest == '/';
            case ':' -> highest != '.';
            case '.' -> dot || before >= 2;
            default -> false;
          };
      if (!allowed || run == 0) {
        return false;
      }
      highest = c;
      dot |= c == '.';
      before = c == ':' ? 0 : before;
      run = 0;
    }
    return run > 0 && before >= 2;
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == 'æ' || c == 'ø' || c == 'å';
  }
}
