package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens with a good signature whose claims do not hold. */
class ExchangeClaimsTest {
  private static final String BAD_ISSUER = "The token's issuer is not trusted.";
  private static final String BAD_CONSUMER = "The token's consumer is not a valid organisation.";
  private static final String CONTRADICTION = "The token's client_orgno contradicts its consumer.";

  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void refusesAMissingExpiry() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().without("exp").compact()))
        .contains("exp is missing or no");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "\"\"",
        "true",
        "[]",
        "{}",
        "\"soon\"",
        "-1",
        "-1772446650",
        "1e300",
        "1e12",
        "1e2147483647",
        "253402300800",
        "99999999999999999999",
        "9223372036854775807",
        "[1772446650]"
      })
  void refusesAnExpiryThatIsNoTime(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawMembersInsteadOf("exp", json)))
        .contains("exp is missing or no");
  }

  @Test
  void refusesAnExpiryInQuotes() {
    String text = "\"" + (stack.clock().seconds() + 120) + "\"";
    assertThat(ExchangeRefusal.of(stack, stack.forge().jsonClaim("exp", text).compact()))
        .contains("exp is missing or no");
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 60, 86_400, 1_000_000_000})
  void refusesAnExpiredToken(long ago) {
    String token = stack.forge().claim("exp", stack.clock().seconds() - ago).compact();
    assertThat(ExchangeRefusal.of(stack, token)).isEqualTo("The token has expired.");
  }

  @Test
  void refusesATokenThatExpiredAtTheBeginningOfTime() {
    for (String zero : List.of("0", "0.5", "1e-300")) {
      assertThat(ExchangeRefusal.of(stack, stack.forge().rawMembersInsteadOf("exp", zero)))
          .isEqualTo("The token has expired.");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 60, 119})
  void refusesATokenFromTheFuture(long ahead) {
    String token = stack.forge().claim("nbf", stack.clock().seconds() + ahead).compact();
    assertThat(ExchangeRefusal.of(stack, token)).startsWith("The token is not valid yet");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"null", "\"now\"", "\"1772446530\"", "true", "{}", "-5", "1e300", "1e2147483647"})
  void refusesANotBeforeThatIsNoTime(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawMembersInsteadOf("nbf", json)))
        .contains("nbf is no");
  }

  @Test
  void refusesATokenThatEndsBeforeItBegins() {
    long now = stack.clock().seconds();
    String token = stack.forge().claim("exp", now - 5).claim("nbf", now).compact();
    assertThat(ExchangeRefusal.of(stack, token)).startsWith("The token is not valid yet");
  }

  @Test
  void refusesAMissingIssuer() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().without("iss").compact()))
        .isEqualTo(BAD_ISSUER);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "\"\"", "\" \"", "1", "true", "{}", "[]"})
  void refusesAnIssuerThatIsNoName(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawMembersInsteadOf("iss", json)))
        .isEqualTo(BAD_ISSUER);
  }

  @Test
  void refusesAnIssuerThatOnlyResemblesATrustedOne() {
    String issuer = stack.remote().issuer();
    for (String near :
        List.of(
            issuer.substring(0, issuer.length() - 1),
            issuer + "/",
            issuer + " ",
            " " + issuer,
            issuer + "x",
            "x" + issuer,
            issuer.substring(0, 8),
            "http://",
            "http",
            issuer.toUpperCase(java.util.Locale.ROOT),
            issuer.replace("http:", "https:"),
            issuer.replace("127.0.0.1", "localhost"),
            issuer + "?",
            issuer + "#",
            issuer.replace("/remote/", "//remote/"),
            issuer.replace("remote", "%72emote"),
            stack.remote().metadataAddress().toString(),
            "https://maskinporten.no/",
            issuer + "," + issuer)) {
      assertThat(ExchangeRefusal.of(stack, stack.forge().claim("iss", near).compact()))
          .as(near)
          .isEqualTo(BAD_ISSUER);
    }
    assertThat(ExchangeRefusal.of(stack, stack.forge().claim("iss", List.of(issuer)).compact()))
        .isEqualTo(BAD_ISSUER);
  }

  @Test
  void refusesAMissingConsumer() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().without("consumer").compact()))
        .isEqualTo(BAD_CONSUMER);
    ExchangeRefusal.of(
        stack, stack.forge().without("consumer").claim("client_orgno", "991825827").compact());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "true",
        "991825827",
        "\"0192:991825827\"",
        "\"991825827\"",
        "[]",
        "{}",
        "\"{\\\"authority\\\":\\\"iso6523-actorid-upis\\\",\\\"ID\\\":\\\"0192:991825827\\\"}\"",
        "[{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:991825827\"}]",
        "{\"authority\":\"iso6523-actorid-upis\"}",
        "{\"ID\":\"0192:991825827\"}",
        "{\"authority\":null,\"ID\":\"0192:991825827\"}",
        "{\"authority\":\"iso6523-actorid-upis\",\"ID\":null}",
        "{\"authority\":\"iso6523-actorid-upis\",\"ID\":991825827}",
        "{\"authority\":\"iso6523-actorid-upis\",\"ID\":[\"0192:991825827\"]}",
        "{\"authority\":\"iso6523-actorid-upis\",\"id\":\"0192:991825827\"}",
        "{\"Authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:991825827\"}"
      })
  void refusesAConsumerOfAnotherForm(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().jsonClaim("consumer", json).compact()))
        .isEqualTo(BAD_CONSUMER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "iso6523-actorid-upi",
        "iso6523-actorid-upis ",
        "ISO6523-ACTORID-UPIS",
        "no-orgno",
        "iso6523-actorid-upisx"
      })
  void refusesAConsumerOfAnotherAuthority(String authority) {
    refusesConsumer(authority, "0192:991825827");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "''",
        "991825827",
        ":991825827",
        "0192:",
        "0192",
        "0192:99182582",
        "0192:9918258270",
        "0192:991825828",
        "0192:991825826",
        "0192:000000001",
        "0192:99182582X",
        "0192:abcdefghi",
        "0192:99182 5827",
        "0192:' 991825827'",
        "0192:'991825827 '",
        "0192:-91825827",
        "0192:+91825827",
        "0192:９９１８２５８２７",
        "0192:٩٩١٨٢٥٨٢٧",
        "0193:991825827",
        "9908x:991825827",
        "192:991825827",
        "00192:991825827",
        "0192 :991825827",
        "0192;991825827",
        "0007:991825827",
        "0192::991825827",
        "0192:NO991825827",
        "0192:01017012345",
        "x:0192:991825827"
      })
  void refusesAConsumerThatIsNoOrganisation(String id) {
    refusesConsumer("iso6523-actorid-upis", id);
  }

  @Test
  void refusesANumberWhoseControlDigitWouldBeTen() {
    // 3·0+2·0+7·0+6·0+5·0+4·0+3·0+2·6 = 12, 12 mod 11 = 1: no digit fits.
    for (int digit = 0; digit <= 9; digit++) {
      refusesConsumer("iso6523-actorid-upis", "0192:00000006" + digit);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"974760673\"",
        "974760673",
        "\"\"",
        "\"991825827 \"",
        "\"0192:991825827\"",
        "true",
        "{}",
        "[\"991825827\"]",
        "991825827.0"
      })
  void refusesAClientNumberThatContradictsTheConsumer(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawMembersInsteadOf("client_orgno", json)))
        .isEqualTo(CONTRADICTION);
  }

  @Test
  void checksTheSignatureBeforeTheClaims() {
    TokenForge forge =
        stack.forge().without("exp").without("consumer").signedWith(RemoteIssuer.newKey());
    assertThat(ExchangeRefusal.of(stack, forge.compact()))
        .isEqualTo("The token's signature does not hold.");
  }

  @Test
  void checksTheTimesBeforeTheConsumer() {
    TokenForge forge =
        stack.forge().without("consumer").claim("exp", stack.clock().seconds() - 100);
    assertThat(ExchangeRefusal.of(stack, forge.compact())).isEqualTo("The token has expired.");
  }

  private static void refusesConsumer(String authority, String id) {
    TokenForge forge = stack.forge().claim("consumer", Map.of("authority", authority, "ID", id));
    assertThat(ExchangeRefusal.of(stack, forge.compact())).as(id).isEqualTo(BAD_CONSUMER);
  }
}
