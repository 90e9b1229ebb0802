package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jwt.SignedJWT;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.regex.Pattern;
import no.portvakt.maskinporten.AccessToken;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.KeyMaterial;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Altinn's guide "Maskinporten token", whose example is in C#, line by line in Java with the JDK
 * alone; only the addresses are the platform's.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SeedExampleTest {
  private final DevMaskinporten maskinporten;
  private final Issued root = new Issued("CN=Test Root CA", null);
  private final Issued enterprise =
      new Issued("C=NO, O=Test, SERIALNUMBER=" + DevMaskinporten.DIGDIR + ", CN=Test", root);
  private final String clientId;

  SeedExampleTest(@TempDir Path folder) throws Exception {
    Files.createDirectories(folder.resolve("dev"));
    Files.writeString(
        folder.resolve("dev/anchors.pem"),
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(root.certificate.getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    maskinporten = DevMaskinporten.start(folder);
    maskinporten.grant("enduser", DevMaskinporten.DIGDIR);
    clientId = maskinporten.newClient("altinn:enduser");
  }

  @AfterAll
  void stop() {
    maskinporten.close();
  }

  @Test
  void getsATokenWithAnEnterpriseCertificate() throws Exception {
    HttpResponse<String> response = postMaskinportenToken(enterprise);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    TokenResponse token = TokenResponse.deserialize(response.body());
    assertThat(token.tokenType).isEqualTo("Bearer");
    assertThat(token.scope).isEqualTo("altinn:enduser");
    assertThat(token.expiresIn).isBetween(100, 120);
    // It has found all that there is, as it is.
    assertThat(Json.readObject(response.body()))
        .isEqualTo(
            Map.of(
                "access_token",
                token.accessToken,
                "expires_in",
                (long) token.expiresIn,
                "scope",
                token.scope,
                "token_type",
                token.tokenType));
    assertThat(SignedJWT.parse(token.accessToken).getJWTClaimsSet().getClaims())
        .containsEntry("aud", List.of("https://tt02.altinn.no"))
        .containsEntry("client_amr", "virksomhetssertifikat")
        .containsEntry("client_id", clientId);
  }

  @Test
  void isRefusedWithACertificateThatNobodyTrusts() throws Exception {
    Issued stranger =
        new Issued(
            "C=NO, O=Test, SERIALNUMBER=" + DevMaskinporten.DIGDIR + ", CN=Test",
            new Issued("CN=Test Root CA", null));
    HttpResponse<String> response = postMaskinportenToken(stranger);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("MP-120");
  }

  @Test
  void isRefusedWithAnotherOrganisationsCertificate() throws Exception {
    HttpResponse<String> response =
        postMaskinportenToken(new Issued("C=NO, SERIALNUMBER=974760673, CN=Test", root));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("MP-122");
  }

  @Test
  void givesNoTokenToAClientThatReadsARefusalAsAnAnswer() throws Exception {
    HttpResponse<String> refused =
        postMaskinportenToken(new Issued("C=NO, SERIALNUMBER=974760673, CN=Test", root));
    assertThatExceptionOfType(NoSuchElementException.class)
        .isThrownBy(() -> TokenResponse.deserialize(refused.body()));
  }

  @Test
  void takesOneCallWithTheClientLibrary() {
    KeyMaterial key = KeyMaterial.of(enterprise.keys.getPrivate(), List.of(enterprise.certificate));
    try (MaskinportenClient client =
        MaskinportenClient.builder()
            .clientId(clientId)
            .key(GrantKey.of(key, null))
            .wellKnownUrl(maskinporten.wellKnownUrl())
            .build()) {
      AccessToken token =
          client.token(
              TokenRequest.builder()
                  .scopes("altinn:enduser")
                  .resource("https://tt02.altinn.no")
                  .build());
      assertThat(token.scopes()).containsExactly("altinn:enduser");
    }
  }

  private String getJwtAssertion(X509Certificate certificate, PrivateKey key)
      throws GeneralSecurityException {
    String certificateChain =
        "[\"" + Base64.getEncoder().encodeToString(certificate.getEncoded()) + "\"]";

    // The header has the signature's algorithm and the certificates; no typ, no kid.
    String header = "{\"alg\":\"RS256\",\"x5c\":" + certificateChain + "}";

    // 120 seconds is the longest that Maskinporten allows.
    long issuedAt = Instant.now().getEpochSecond();
    long expirationTime = issuedAt + 120;

    String body =
        "{\"aud\":\""
            + maskinporten.issuer()
            + "\",\"resource\":\"https://tt02.altinn.no\""
            + ",\"scope\":\"altinn:enduser\""
            + ",\"iss\":\""
            + clientId
            + "\",\"exp\":"
            + expirationTime
            + ",\"iat\":"
            + issuedAt
            + ",\"jti\":\""
            + UUID.randomUUID()
            + "\"}";

    Base64.Encoder base64url = Base64.getUrlEncoder().withoutPadding();
    String securityToken =
        base64url.encodeToString(header.getBytes(StandardCharsets.UTF_8))
            + "."
            + base64url.encodeToString(body.getBytes(StandardCharsets.UTF_8));
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(key);
    signature.update(securityToken.getBytes(StandardCharsets.US_ASCII));
    return securityToken + "." + base64url.encodeToString(signature.sign());
  }

  private HttpResponse<String> postMaskinportenToken(Issued certificate) throws Exception {
    String jwtAssertion = getJwtAssertion(certificate.certificate, certificate.keys.getPrivate());
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create(maskinporten.issuer()).resolve("token"))
              .header("Content-Type", "application/x-www-form-urlencoded")
              .POST(
                  BodyPublishers.ofString(
                      "grant_type="
                          + URLEncoder.encode(
                              "urn:ietf:params:oauth:grant-type:jwt-bearer", StandardCharsets.UTF_8)
                          + "&assertion="
                          + jwtAssertion))
              .build(),
          BodyHandlers.ofString());
    }
  }

  /** The guide's model of the answer; the JDK has no JSON, so each member is looked for. */
  private record TokenResponse(String accessToken, int expiresIn, String scope, String tokenType) {
    static TokenResponse deserialize(String json) {
      return new TokenResponse(
          member(json, "access_token"),
          Integer.parseInt(member(json, "expires_in")),
          member(json, "scope"),
          member(json, "token_type"));
    }

    private static String member(String json, String name) {
      return Pattern.compile("\"" + name + "\"\\s*:\\s*\"?([^\",}]+)")
          .matcher(json)
          .results()
          .findFirst()
          .orElseThrow()
          .group(1);
    }
  }

  /** A certificate with its key; an authority when nobody issued it. */
  private static final class Issued {
    private final KeyPair keys;
    private final X509Certificate certificate;

    Issued(String subject, @Nullable Issued issuer) throws Exception {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      keys = generator.generateKeyPair();
      Instant now = Instant.now();
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              new X500Name(
                  issuer == null
                      ? subject
                      : issuer.certificate.getSubjectX500Principal().getName()),
              BigInteger.valueOf(System.nanoTime()),
              Date.from(now.minus(Duration.ofDays(1))),
              Date.from(now.plus(Duration.ofDays(30))),
              new X500Name(subject),
              keys.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(issuer == null));
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(issuer == null ? KeyUsage.keyCertSign : KeyUsage.digitalSignature));
      certificate =
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(
                      new JcaContentSignerBuilder("SHA256withRSA")
                          .build((issuer == null ? this : issuer).keys.getPrivate())));
    }
  }
}
