package no.portvakt.server.maskinporten;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The refusals in the code are those of the documents, and those that clients know. */
class RefusalTextsTest {
  @Test
  void standInTheDocumentsWordForWord() throws IOException {
    List<String> documented =
        Files.readString(Path.of("..", "docs", "protocol", "maskinporten-token.md"))
            .lines()
            .filter(line -> line.matches("\\| (MP-\\d{3}|–) \\| \\d{3} .*"))
            .map(line -> line.replaceAll("<[^>]+>", "%s"))
            .toList();
    assertThat(documented)
        .containsExactlyElementsOf(
            Arrays.stream(Refusal.values()).map(RefusalTextsTest::row).toList());
  }

  // From Digdir's documents, and from answers of the real service where these say nothing: clients
  // match on these texts. Written out here so that code and page can't change them together.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "INVALID_VALUE | MP-011 | 400 | invalid_request | Invalid assertion. Invalid parameter value",
        "REPLAYED | MP-012 | 400 | invalid_grant | Grant is used before",
        "UNKNOWN_CLIENT | MP-100 | 400 | invalid_grant | FAILED Client not found",
        "UNKNOWN_KEY | - | 400 | invalid_grant | FAILED Unknown key identifier (kid) for client.",
        "KEY_REQUIRED | - | 400 | invalid_grant | FAILED Invalid JWT. The client requires"
            + " pre-registered jwk and no key identifier (kid) provided",
        "AUDIENCE | MP-110 | 400 | invalid_grant | FAILED Invalid JWT claim aud.",
        "CERTIFICATE | MP-120 | 400 | invalid_grant | FAILED The JWT is signed with an invalid"
            + " certificate.",
        "EXPIRED_KEY | MP-121 | 400 | invalid_grant | FAILED Expired key.",
        "ORGANISATION | MP-122 | 400 | invalid_grant | FAILED Invalid JWT. Invalid organization"
            + " number for client. Does not match certificate orgno",
        "X5C | MP-123 | 400 | invalid_grant | FAILED Invalid JWT header x5c",
        "SIGNATURE | MP-124 | 400 | invalid_grant | FAILED Invalid JWT signature.",
        "EXPIRED | MP-130 | 400 | invalid_grant | FAILED JWT has expired.",
        "ISSUED_IN_FUTURE | - | 400 | invalid_grant | Invalid assertion. Issue time is in the"
            + " future.",
        "TOO_LONG | - | 400 | invalid_grant | Invalid assertion. JWT has too long lifetime.",
        "SCOPE | MP-200 | 400 | invalid_scope | Token request contains invalid scopes for client,"
            + " %s",
        "SCOPE_KIND | MP-201 | 400 | invalid_scope | Token request contains scopes not allowed for"
            + " maskinporten, %s",
        "ACCESS | MP-250 | 403 | forbidden | Consumer has not been granted access to the scope %s.",
        "DELEGATION | MP-251 | 403 | forbidden | Consumer %s has not delegated access to the scope"
            + " %s to supplier %s.",
        "CONSUMER | - | 400 | invalid_request | Validation of JWT claim failed: The combination"
            + " consumer_org in claim and delegation scope on client is invalid",
        "DETAILS_TYPE | MP-301 | 400 | invalid_authorization_details | Unknown authorization"
            + " details type",
        "DETAILS_FORM | MP-302 | 400 | invalid_authorization_details | Unknown fields in the"
            + " authorization details",
        "DETAILS_VALUE | MP-303 | 400 | invalid_altinn_customer_configuration | Invalid"
            + " authorization details values",
        "TARGET | - | 400 | invalid_target | The resource is not valid",
        "GRANT_TYPE | - | 400 | unsupported_grant_type | The grant type is not supported",
        "REQUEST | - | 400 | invalid_request | The request is not valid",
        "UNAVAILABLE | - | 503 | temporarily_unavailable | A part that the token needs is not"
            + " available"
      })
  void areThoseOfTheRealService(
      Refusal refusal, @Nullable String code, int status, String error, String text) {
    assertThat(refusal.code()).isEqualTo(code);
    assertThat(refusal.status()).isEqualTo(status);
    assertThat(refusal.error()).isEqualTo(error);
    assertThat(refusal.text())
        .isEqualTo(text.replace("FAILED", "Invalid assertion. Client authentication failed."));
  }

  private static String row(Refusal refusal) {
    return "| %s | %d | `%s` | %s | %s |"
        .formatted(
            refusal.code() == null ? "–" : refusal.code(),
            refusal.status(),
            refusal.error(),
            refusal.text(),
            ErrorPages.meaning(refusal));
  }
}
