package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import no.portvakt.maskinporten.ScriptedServer.Reply;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefusalTest {
  private static final TokenRequest READ = TokenRequest.of("altinn:read");

  private final Maskinporten maskinporten = new Maskinporten();

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void readsARefusalAsItIsToday() {
    TokenRefused refused =
        refused(
            json(
                400,
                Map.of(
                    "error",
                    "invalid_grant",
                    "error_description",
                    "Invalid assertion. Client authentication failed. Expired key. (trace_id:"
                        + " 356666143081bbec11d293753e9702ca)",
                    "error_uri",
                    "https://maskinporten.no/errors/MP-121")),
            READ);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.error()).isEqualTo("invalid_grant");
    assertThat(refused.code()).isEqualTo("MP-121");
    assertThat(refused.description())
        .isEqualTo("Invalid assertion. Client authentication failed. Expired key.");
    assertThat(refused.traceId()).isEqualTo("356666143081bbec11d293753e9702ca");
    assertThat(refused)
        .hasMessage(
            maskinporten.server.base()
                + "/token refused a token for \"altinn:read\": 400 invalid_grant MP-121: Invalid"
                + " assertion. Client authentication failed. Expired key. (trace id"
                + " 356666143081bbec11d293753e9702ca). "
                + refused.advice());
  }

  @ParameterizedTest
  @CsvSource({
    "01017012345, ***********",
    "a01017012345, a***********",
    "12345678-0101-4701-8345-01017012345f, 12345678-0101-4701-8345-01017012345f"
  })
  void masksAPersonNumberInTheTraceIdButNoUuid(String sent, String shown) {
    TokenRefused refused =
        refused(
            json(400, Map.of("error", "x", "error_description", "No (trace_id: " + sent + ")")),
            READ);
    assertThat(refused.traceId()).isEqualTo(shown);
    assertThat(refused).hasMessageContaining("(trace id " + shown + ")");
  }

  @Test
  void readsARefusalInTheOlderForm() {
    TokenRefused refused =
        refused(
            json(
                403,
                Map.of(
                    "error",
                    "forbidden",
                    "error_description",
                    "Consumer has not been granted access to the scope altinn:read. (correlation"
                        + " id: 4e1ab1d0-4b6a-44ba-bb1c-8c1a4b9ee8d5)")),
            READ);
    assertThat(refused.traceId()).isEqualTo("4e1ab1d0-4b6a-44ba-bb1c-8c1a4b9ee8d5");
    assertThat(refused.description())
        .isEqualTo("Consumer has not been granted access to the scope altinn:read.");
    assertThat(refused.code()).as("by its text").isEqualTo("MP-250");
    assertThat(refused.advice())
        .isEqualTo(
            "The owner of the scope has to give access to the client's own organisation. Acting for"
                + " another? Then say so with consumerOrg.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          400 | invalid_request | MP-011 | Invalid assertion. Invalid parameter value | look at the request's pid
          400 | invalid_grant   | MP-012 | Grant is used before | something between sent it twice
          400 | invalid_grant   | MP-100 | Invalid assertion. Client authentication failed. Client not found | Is d395043f-19de-48f7-9ea7-9e38c96b5472 a client of
          400 | invalid_grant   | MP-100 | Invalid assertion. Client authentication failed. | Is d395043f-19de-48f7-9ea7-9e38c96b5472 a client of
          400 | invalid_grant   | MP-110 | Invalid assertion. Client authentication failed. Invalid JWT claim aud. | the slash at the end is wrong
          400 | invalid_grant   | MP-120 | The JWT is signed with an invalid certificate. | Look at the registered key
          400 | invalid_grant   | MP-121 | Invalid assertion. Client authentication failed. Expired key. | make a new key
          400 | invalid_grant   | MP-122 | Invalid organization number for client. Does not match certificate orgno | of another organisation than the client
          400 | invalid_grant   | MP-123 | Invalid JWT header x5c | can't read the certificate
          400 | invalid_grant   | MP-124 | Invalid JWT signature. | not the other half of the key registered as key-1
          400 | invalid_grant   | MP-124 | Invalid JWT signature. | registered for another algorithm than RS256
          400 | invalid_grant   | MP-130 | JWT is expired | the clocks agree
          400 | invalid_grant   | MP-130 | Invalid assertion. JWT has expired. | the clocks agree
          400 | invalid_grant   | -      | Issue time is after now | the clocks agree
          400 | invalid_grant   | -      | Invalid assertion. JWT has too long lifetime. | shorter grants than 120 s
          400 | invalid_grant   | -      | Unknown key identifier (kid) for client. | The key key-1 is not registered on the client d395043f
          400 | invalid_grant   | -      | The client requires pre-registered jwk and no key identifier | a certificate will not do
          400 | invalid_scope   | MP-200 | Token request contains invalid scopes for client, altinn:read | Add the scope to the client
          400 | invalid_scope   | MP-201 | Token request contains scopes not allowed for maskinporten | integration types
          403 | forbidden       | MP-250 | Consumer has not been granted access to the scope a:b. | say so with consumerOrg
          403 | forbidden       | MP-251 | Consumer 1 has not delegated access to the scope a:b to supplier 2. | has to delegate the scope in Altinn
          400 | invalid_request | -      | The combination consumer_org in claim | delegation scopes of the client
          400 | invalid_authorization_details | MP-301 | Unknown authorization details type | members of the authorization details
          400 | invalid_authorization_details | MP-302 | Unknown fields in the authorization details | members of the authorization details
          400 | invalid_altinn_customer_configuration | MP-303 | Invalid authorization details values | Does the organisation have a system user
          400 | invalid_target  | -      | Fragment | The resource is not one that Maskinporten takes
          400 | unsupported_grant_type | - | No | is http
          401 | something_new   | -      | No | support can look the trace id up
          """)
  void saysWhatIsBehindIt(
      int status, String error, @Nullable String code, String description, String advice) {
    at(Instant.now()); // so that no clock is wrong
    for (@Nullable String sent : Arrays.asList(code, null)) { // not every refusal names its code
      TokenRefused refused = refused(refusal(status, error, description, sent), READ);
      assertThat(refused.advice()).contains(advice);
      assertThat(refused.code()).isEqualTo(code);
      assertThat(refused.status()).isEqualTo(status);
    }
  }

  @Test
  void knowsTheCodeOfEachRefusalOfTheProtocolByItsText() throws IOException {
    List<MatchResult> rows =
        Pattern.compile("(?m)^\\| (MP-\\d{3}|–) \\| (4\\d\\d) \\| `(\\w+)` \\| ([^|]+) \\|")
            .matcher(Files.readString(Path.of("..", "docs", "protocol", "maskinporten-token.md")))
            .results()
            .toList();
    assertThat(rows).hasSizeGreaterThan(20);
    for (MatchResult row : rows) {
      Reply reply = refusal(Integer.parseInt(row.group(2)), row.group(3), row.group(4), null);
      assertThat(refused(reply, READ).code())
          .as(row.group(4))
          .isEqualTo(row.group(1).equals("–") ? null : row.group(1));
    }
  }

  @Test
  void believesTheCodeMoreThanTheText() {
    assertThat(refused(refusal(400, "invalid_grant", "Expired key.", "MP-100"), READ).advice())
        .contains("a client of");
    assertThat(refused(refusal(400, "invalid_grant", "MP-012. Expired key.", null), READ).code())
        .isEqualTo("MP-012");
    assertThat(refused(refusal(400, "invalid_grant", "Something else", null), READ).code())
        .isNull();
  }

  @Test
  void doesNotBlameTheClockForALifeThatIsTooLong() {
    at(Instant.now().plusSeconds(43));
    Reply reply = refusal(400, "invalid_grant", "JWT has too long lifetime.", null);
    assertThat(refused(reply, READ).advice())
        .contains("maskinporten.grant-life (MASKINPORTEN_GRANT_LIFE)")
        .doesNotContain("machine");
  }

  @Test
  void namesTheConsumerWhoseAccessIsMissing() {
    TokenRequest request =
        TokenRequest.builder().scopes("altinn:read").consumerOrg("974760673").build();
    assertThat(refused(refusal(403, "forbidden", "No access", "MP-250"), request).advice())
        .contains("974760673, the organisation that the client acts for");
    assertThat(
            refused(refusal(400, "invalid_request", "combination consumer_org", null), request)
                .advice())
        .contains("974760673 is the client's own organisation");
  }

  @Test
  void knowsWhatTheRequestWasFor() {
    TokenRequest consent =
        TokenRequest.builder()
            .scopes("altinn:read")
            .consent(new UUID(1, 2), "urn:altinn:organization:identifier-no:974760673")
            .build();
    Reply unknown = refusal(400, "invalid_altinn_customer_configuration", "Invalid", "MP-303");
    assertThat(refused(unknown, consent).advice())
        .contains("a consent of this id")
        .doesNotContain("system user");
    TokenRequest onBehalfOf =
        TokenRequest.builder().scopes("altinn:read").onBehalfOf("customer").build();
    Reply scope = refusal(400, "invalid_scope", "invalid scopes for client", "MP-200");
    assertThat(refused(scope, onBehalfOf).advice()).contains("consumerOrg instead of onBehalfOf");
    assertThat(refused(scope, consent).advice()).doesNotContain("onBehalfOf");
  }

  @Test
  void saysByHowMuchTheClockIsWrong() {
    Reply early = refusal(400, "invalid_grant", "Issue time is in the future.", null);
    Reply late = refusal(400, "invalid_grant", "JWT has expired.", "MP-130");
    assertOffset(early, Duration.ofSeconds(43), "ahead of");
    assertOffset(late, Duration.ofSeconds(-457), "behind");
  }

  /** The server's Date has whole seconds, and its clock goes on while it is asked. */
  private void assertOffset(Reply reply, Duration offset, String word) {
    Instant begun = Instant.now();
    at(begun.plus(offset));
    TokenRefused refused = refused(reply, READ);
    Duration found = Objects.requireNonNull(refused.clockOffset());
    assertThat(found)
        .isBetween(
            offset.minus(Duration.between(begun, Instant.now())),
            offset.plus(Duration.ofSeconds(1)));
    assertThat(refused.advice())
        .contains("clock is " + Math.abs(found.toSeconds()) + " s " + word + " the server's");
  }

  @Test
  void doesNotBlameAClockThatIsRight() {
    at(Instant.now());
    assertThat(refused(refusal(400, "invalid_grant", "JWT has expired.", "MP-130"), READ).advice())
        .contains("the clocks agree");
  }

  @Test
  void saysWhatIsWrongWithACertificate() {
    Reply untrusted = refusal(400, "invalid_grant", "invalid certificate", "MP-120");
    Reply other = refusal(400, "invalid_grant", "Does not match", "MP-122");
    GrantKey key = GrantKey.of(TestKey.RSA.material(), null);
    at(TestKey.BEGIN);
    assertThat(refused(untrusted, READ, key).advice())
        .contains("a test certificate in production")
        .contains("CN=Test AS");
    assertThat(refused(other, READ, key).advice()).contains("974760673");
    at(TestKey.BEGIN.plus(Duration.ofDays(366)));
    assertThat(refused(untrusted, READ, key).advice())
        .contains("The certificate expired on 2027-11-01");
  }

  @Test
  void showsNothingSecretThatAServerRepeats() {
    String token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl";
    TokenRefused refused =
        refused(
            refusal(400, "invalid_grant", "Bad " + token + " for 01017012345\u001b[2J", null),
            READ);
    assertThat(refused)
        .hasMessageNotContaining("eyJhbGci")
        .hasMessageNotContaining("01017012345")
        .hasMessageNotContaining("\u001b");
  }

  @Test
  void boundsWhatAServerSays() {
    TokenRefused refused =
        refused(refusal(400, "invalid_grant", "word ".repeat(10_000), "MP-011"), READ);
    assertThat(String.valueOf(refused.getMessage())).hasSizeLessThan(1_000);
  }

  private void at(Instant time) {
    maskinporten.clock.advance(Duration.between(maskinporten.clock.instant(), time));
  }

  private TokenRefused refused(Reply reply, TokenRequest request) {
    return refused(reply, request, GrantKey.ofJwk(Maskinporten.KEY.toJSONString()));
  }

  private TokenRefused refused(Reply reply, TokenRequest request, GrantKey key) {
    maskinporten.server.at(TOKEN, reply);
    try (MaskinportenClient client = maskinporten.builder().key(key).build()) {
      return assertThatExceptionOfType(TokenRefused.class)
          .isThrownBy(() -> client.token(request))
          .actual();
    }
  }
}
