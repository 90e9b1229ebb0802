package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The audience of a grant: this authority and nothing else. A refusal names the expected value, and
 * what was probably meant instead.
 */
final class GrantAudience {
  /** Authorities that grants are meant for by mistake, without the slash at the end. */
  private static final Map<String, String> OTHERS =
      Map.of(
          "https://maskinporten.no", "Maskinporten in production",
          "https://test.maskinporten.no", "Maskinporten's test environment",
          "https://ver1.maskinporten.no", "an environment of Maskinporten that was shut down",
          "https://ver2.maskinporten.no", "an environment of Maskinporten that was shut down",
          "https://sky.maskinporten.no", "Skyporten in production",
          "https://test.sky.maskinporten.no", "Skyporten's test environment",
          "https://oidc.difi.no/idporten-oidc-provider", "the old ID-porten",
          "https://oidc-ver2.difi.no/idporten-oidc-provider", "the old ID-porten");

  private GrantAudience() {}

  /**
   * Requires the audience.
   *
   * @param expected the issuer of this authority, with its slash
   */
  static void require(Grant grant, String expected) {
    Object audience = grant.claims().get(AUDIENCE);
    if (audience instanceof List<?> list && list.size() == 1) {
      audience = list.get(0);
    }
    if (!grant.trace().check("grant.aud", expected.equals(audience), expected, audience)) {
      throw Refusal.AUDIENCE.of(" Expected " + expected + hint(expected, audience));
    }
  }

  private static String hint(String expected, @Nullable Object audience) {
    if (audience instanceof List<?> list && list.size() > 1) {
      return " alone, and there are several.";
    }
    if (!(audience instanceof String text)) {
      return "";
    }
    String base = withoutSlash(text);
    if (base.equals(withoutSlash(expected))) {
      return " with exactly one slash at the end.";
    }
    boolean endpoint = base.endsWith("/token");
    base = endpoint ? withoutSlash(base.substring(0, base.length() - "token".length())) : base;
    if (base.equals(withoutSlash(expected))) {
      return " and not the address of the token endpoint.";
    }
    String other = OTHERS.get(base);
    return other == null ? "" : " and not " + other + ".";
  }

  private static String withoutSlash(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == '/') {
      end--;
    }
    return text.substring(0, end);
  }
}
