package no.portvakt.server.registration;

/**
 * The grammar of the part of a scope after its prefix (docs/protocol/maskinporten-admin.md, "Names
 * of scopes"), in two editions. The documented regular expressions backtrack exponentially; this
 * reads each character once.
 */
public enum SubscopeGrammar {
  /** The first edition: a–z and digits, slashes, one dot at most. */
  SEED,
  /** The present one: also æ, ø, å, colons and several dots. */
  EXTENDED;

  private static final int LONGEST = 255;

  /**
   * Whether a subscope is well formed: runs of letters and digits; between them {@code /}, then
   * {@code :}, then {@code .}, in this order; two characters at least before the first dot, and
   * after the last colon. A slash may stand right before the first colon.
   */
  public boolean isValid(String subscope) {
    if (subscope.length() > LONGEST) {
      return false;
    }
    char last = '/'; // the separators seen so far allow this one and those after it
    int run = 0;
    int before = 0; // letters and digits before the first dot, or since the last colon
    int dots = 0;
    for (int i = 0; i < subscope.length(); i++) {
      char c = subscope.charAt(i);
      if (isLetterOrDigit(c)) {
        run++;
        before += dots > 0 ? 0 : 1;
        continue;
      }
      boolean ended = run > 0 || (c == ':' && last == '/' && before > 0);
      boolean allowed =
          switch (c) {
            case '/' -> last == '/';
            case ':' -> last != '.' && this == EXTENDED;
            case '.' -> before >= 2 && (dots == 0 || this == EXTENDED);
            default -> false;
          };
      if (!allowed || !ended) {
        return false;
      }
      last = c;
      dots += c == '.' ? 1 : 0;
      before = c == ':' ? 0 : before;
      run = 0;
    }
    return run > 0 && before >= 2;
  }

  private boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || (this == EXTENDED && (c == 'æ' || c == 'ø' || c == 'å'));
  }
}
