package no.portvakt.interop;

import static no.portvakt.interop.Platform.BRG;
import static no.portvakt.interop.Platform.DIGDIR;
import static no.portvakt.interop.Platform.READ;
import static no.portvakt.interop.Platform.WRITE;
import static no.portvakt.interop.Platform.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import no.ks.fiks.maskinporten.AccessTokenRequest;
import no.ks.fiks.maskinporten.AccessTokenRequestBuilder;
import no.ks.fiks.maskinporten.Maskinportenklient;
import no.ks.fiks.maskinporten.MaskinportenklientBuilder;
import no.ks.fiks.maskinporten.MaskinportenklientProperties;
import no.ks.fiks.maskinporten.error.MaskinportenClientTokenRequestException;
import no.ks.fiks.maskinporten.error.MaskinportenTokenTemporarilyUnavailableException;
import no.portvakt.interop.Platform.Client;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.Subject;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.tokens.OrganisationNumber;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Maskinporten client of KS ({@code no.ks.fiks:maskinporten-client}). */
@ExtendWith(SharedPlatform.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KsMaskinportenClientTest {
  private static final String RESOURCE = "https://api.example/orders";

  private final Platform platform;
  private final Client client;

  KsMaskinportenClientTest(Platform platform) {
    this.platform = platform;
    this.client = platform.newClient(READ, WRITE);
  }

  @Test
  void getsATokenWithARegisteredKey() throws Exception {
    JWTClaimsSet claims = claims(withKey(client).getAccessToken(forScopes(READ).build()));
    assertThat(claims.getIssuer()).isEqualTo(platform.maskinporten());
    assertThat(claims.getStringClaim("client_amr")).isEqualTo("private_key_jwt");
    assertThat(claims.getStringClaim("scope")).isEqualTo(READ);
    assertThat(claims.getClaim("consumer")).isEqualTo(party(DIGDIR));
  }

  @Test
  void getsATokenWithAnEnterpriseCertificate() throws Exception {
    String id = platform.newClientWithoutKeys(READ);
    String token = withCertificate(id, issued(DIGDIR)).getAccessToken(forScopes(READ).build());
    assertThat(claims(token).getStringClaim("client_amr")).isEqualTo("virksomhetssertifikat");
    assertThat(claims(token).getStringClaim("client_id")).isEqualTo(id);
  }

  @Test
  void getsATokenForOneResource() throws Exception {
    String token = withKey(client).getAccessToken(forScopes(READ).audience(RESOURCE).build());
    assertThat(claims(token).getAudience()).containsExactly(RESOURCE);
  }

  @Test
  void getsAPlatformTokenForItsToken() throws Exception {
    String token = platform.exchange(withKey(client).getAccessToken(forScopes(READ).build()));
    assertThat(claims(token).getIssuer()).isEqualTo(platform.issuer());
  }

  // expires_in and exp are what it keeps a token by.
  @Test
  void asksOnceForTheSameTokenTwice() {
    Maskinportenklient caching = withKey(client);
    long before = platform.tokenRequests();
    String first = caching.getAccessToken(forScopes(READ).build());
    assertThat(caching.getAccessToken(forScopes(READ).build())).isEqualTo(first);
    assertThat(platform.tokenRequests()).isEqualTo(before + 1);
  }

  @Test
  void asksAgainForAnotherToken() {
    Maskinportenklient caching = withKey(client);
    long before = platform.tokenRequests();
    String first = caching.getAccessToken(forScopes(READ).build());
    assertThat(caching.getAccessToken(forScopes(WRITE).build())).isNotEqualTo(first);
    assertThat(caching.getAccessToken(forScopes(READ).audience(RESOURCE).build()))
        .isNotEqualTo(first);
    assertThat(platform.tokenRequests()).isEqualTo(before + 3);
  }

  @Test
  void saysThatAScopeIsNotTheClients() {
    assertRefused(
        () -> withKey(client).getAccessToken(forScopes("altinn:other").build()), 400, "MP-200");
    assertRefused(
        () -> withKey(client).getAccessToken(forScopes(READ, "altinn:other").build()),
        400,
        "MP-200");
  }

  @Test
  void saysThatTheConsumerHasNoAccess() {
    String scope = "altinn:interop/ks";
    Client without = platform.newClientWithoutAccess(scope);
    assertRefused(() -> withKey(without).getAccessToken(forScopes(scope).build()), 403, "MP-250");
    assertRefused(
        () -> withKey(without).getAccessToken(forScopes(READ, scope).build()), 403, "MP-250");
  }

  @Test
  void saysThatTheClientIsUnknown() {
    Client unknown = new Client("nobody", client.key());
    assertRefused(() -> withKey(unknown).getAccessToken(forScopes(READ).build()), 400, "MP-100");
  }

  @Test
  void saysThatTheKeyIsUnknown() {
    Client other = new Client(client.id(), Platform.newKey());
    String body = refusal(() -> withKey(other).getAccessToken(forScopes(READ).build()), 400);
    assertThat(String.valueOf(json(body).get("error_description")))
        .contains("Unknown key identifier (kid)");
  }

  @Test
  void saysThatTheSignatureIsWrong() throws JOSEException {
    Maskinportenklient wrong =
        klient(platform, client.id(), platform.maskinporten())
            .withPrivateKey(Platform.newKey().toPrivateKey())
            .usingAsymmetricKey(client.key().getKeyID())
            .build();
    assertRefused(() -> wrong.getAccessToken(forScopes(READ).build()), 400, "MP-124");
  }

  @Test
  void saysThatTheAudienceLacksItsSlash() throws JOSEException {
    String slashless = platform.maskinporten().replaceFirst("/$", "");
    Maskinportenklient wrong =
        klient(platform, client.id(), slashless)
            .withPrivateKey(client.key().toPrivateKey())
            .usingAsymmetricKey(client.key().getKeyID())
            .build();
    assertRefused(() -> wrong.getAccessToken(forScopes(READ).build()), 400, "MP-110");
  }

  @Test
  void saysThatACertificateIsNotTrusted() {
    String id = platform.newClientWithoutKeys(READ);
    Issued stranger = issuedBy(TestAuthority.root("Another", Instant.now()), DIGDIR);
    assertRefused(
        () -> withCertificate(id, stranger).getAccessToken(forScopes(READ).build()), 400, "MP-120");
  }

  @Test
  void saysThatACertificateIsAnothersOrganisation() {
    String id = platform.newClientWithoutKeys(READ);
    assertRefused(
        () -> withCertificate(id, issued(BRG)).getAccessToken(forScopes(READ).build()),
        400,
        "MP-122");
  }

  @Test
  void saysThatAClientWithKeysMustUseThem() {
    String body =
        refusal(
            () ->
                withCertificate(client.id(), issued(DIGDIR))
                    .getAccessToken(forScopes(READ).build()),
            400);
    assertThat(String.valueOf(json(body).get("error_description"))).contains("pre-registered jwk");
  }

  @Test
  void getsATokenForAConsumerThatHasDelegated() throws Exception {
    String scope = "altinn:interop/delegated";
    Client supplier = platform.newSupplier(scope);
    platform.delegate(scope);
    Maskinportenklient klient = withKey(supplier);
    String token = klient.getAccessToken(forScopes(scope).consumerOrg(BRG).build());
    assertThat(claims(token).getClaims())
        .containsEntry("consumer", party(BRG))
        .containsEntry("supplier", party(DIGDIR))
        .containsEntry("delegation_source", Platform.SOURCE);
    String own = klient.getAccessToken(forScopes(READ).build());
    assertThat(claims(own).getClaims())
        .containsEntry("consumer", party(DIGDIR))
        .doesNotContainKeys("supplier", "delegation_source");
  }

  @Test
  void saysThatNothingWasDelegated() {
    String scope = "altinn:interop/kept";
    Client supplier = platform.newSupplier(scope);
    assertRefused(
        () -> withKey(supplier).getAccessToken(forScopes(scope).consumerOrg(BRG).build()),
        403,
        "MP-251");
  }

  @Test
  void saysThatAScopeIsNotForDelegation() {
    String body =
        refusal(
            () -> withKey(client).getAccessToken(forScopes(READ).consumerOrg(BRG).build()), 400);
    assertThat(String.valueOf(json(body).get("error_description")))
        .contains("combination consumer_org in claim and delegation scope on client is invalid");
  }

  @Test
  void saysThatTheAuthorityCanDoNothingNow() throws IOException {
    try (Platform own = Platform.start()) {
      Maskinportenklient klient = withKey(own, own.newClient(READ, WRITE));
      String before = klient.getAccessToken(forScopes(READ).build());
      own.sql("ALTER TABLE audit RENAME TO away");
      MaskinportenTokenTemporarilyUnavailableException refused =
          catchThrowableOfType(
              MaskinportenTokenTemporarilyUnavailableException.class,
              () -> klient.getAccessToken(forScopes(WRITE).build()));
      assertThat(refused).isNotNull();
      assertThat(refused.getMessage()).contains("503").contains("temporarily_unavailable");
      // What it has it keeps.
      assertThat(klient.getAccessToken(forScopes(READ).build())).isEqualTo(before);
      own.sql("ALTER TABLE away RENAME TO audit");
      assertThat(klient.getAccessToken(forScopes(WRITE).build())).isNotEmpty();
    }
  }

  private Maskinportenklient withKey(Client own) {
    return withKey(platform, own);
  }

  private static Maskinportenklient withKey(Platform platform, Client own) {
    try {
      return klient(platform, own.id(), platform.maskinporten())
          .withPrivateKey(own.key().toPrivateKey())
          .usingAsymmetricKey(own.key().getKeyID())
          .build();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  private Issued issued(String organisation) {
    return issuedBy(platform.authority(), organisation);
  }

  private static Issued issuedBy(TestAuthority authority, String organisation) {
    Instant now = Instant.now();
    return authority.issue(
        TestAuthority.Order.enterprise(
            Subject.seid2(new OrganisationNumber(organisation), "Interop AS"),
            TestAuthority.keyPair("RSA", 2048),
            now.minus(Duration.ofDays(1)),
            now.plus(Duration.ofDays(365))));
  }

  private Maskinportenklient withCertificate(String id, Issued own) {
    return klient(platform, id, platform.maskinporten())
        .withPrivateKey(own.key())
        .usingVirksomhetssertifikat(own.certificate())
        .build();
  }

  private static MaskinportenklientBuilder klient(Platform platform, String id, String audience) {
    return Maskinportenklient.builder()
        .withProperties(
            MaskinportenklientProperties.builder()
                .issuer(id)
                .audience(audience)
                .tokenEndpoint(platform.tokenEndpoint().toString())
                .numberOfSecondsLeftBeforeExpire(10)
                .build());
  }

  private static AccessTokenRequestBuilder forScopes(String... scopes) {
    return AccessTokenRequest.builder().scopes(Set.of(scopes));
  }

  private static Map<String, String> party(String organisation) {
    return Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + organisation);
  }

  private static JWTClaimsSet claims(String token) throws ParseException {
    return SignedJWT.parse(token).getJWTClaimsSet();
  }

  private void assertRefused(ThrowingCallable call, int status, String code) {
    assertThat(json(refusal(call, status)))
        .containsEntry("error_uri", platform.maskinporten() + "errors/" + code);
  }

  /** The body that the client hands on with its exception. */
  private static String refusal(ThrowingCallable call, int status) {
    MaskinportenClientTokenRequestException refused =
        catchThrowableOfType(MaskinportenClientTokenRequestException.class, call);
    assertThat(refused).isNotNull();
    assertThat(refused.getStatusCode()).isEqualTo(status);
    return refused.getMaskinportenError();
  }
}
