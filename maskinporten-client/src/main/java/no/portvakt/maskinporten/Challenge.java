package no.portvakt.maskinporten;

import java.util.List;

/** The challenges in one header {@code WWW-Authenticate} (RFC 9110 §11.6.1), read in one pass. */
final class Challenge {
  private final String header;
  private int at;

  private Challenge(String header) {
    this.header = header;
  }

  /** Whether a challenge for Bearer tokens says that the token is not valid (RFC 6750 §3.1). */
  static boolean isInvalidToken(List<String> headers) {
    return headers.stream().anyMatch(header -> new Challenge(header).isInvalidToken());
  }

  private boolean isInvalidToken() {
    boolean bearer = false;
    boolean begins = true; // a scheme begins the header or follows a comma; else it is a token68
    while (at < header.length()) {
      String name = word();
      if (name.isEmpty()) {
        begins |= header.charAt(at++) == ',';
        continue;
      }
      passBlanks();
      if (is('=')) {
        at++;
        passBlanks();
        String value = is('"') ? quoted() : word();
        if (bearer && name.equalsIgnoreCase("error") && value.equals("invalid_token")) {
          return true;
        }
      } else if (begins) {
        bearer = name.equalsIgnoreCase("Bearer");
      }
      begins = false;
    }
    return false;
  }

  private boolean is(char wanted) {
    return at < header.length() && header.charAt(at) == wanted;
  }

  private void passBlanks() {
    while (is(' ') || is('\t')) {
      at++;
    }
  }

  /** The {@code token} (RFC 9110 §5.6.2) that stands here, or nothing. */
  private String word() {
    int from = at;
    while (at < header.length() && isWord(header.charAt(at))) {
      at++;
    }
    return header.substring(from, at);
  }

  private static boolean isWord(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  /** The {@code quoted-string} (RFC 9110 §5.6.4) that begins here, without what quotes. */
  private String quoted() {
    StringBuilder text = new StringBuilder();
    for (at++; at < header.length() && !is('"'); at++) {
      if (is('\\') && at + 1 < header.length()) {
        at++;
      }
      text.append(header.charAt(at));
    }
    at++;
    return text.toString();
  }
}
