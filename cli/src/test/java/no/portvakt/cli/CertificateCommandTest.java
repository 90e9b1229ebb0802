package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.util.Base64;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeyStoreKeys;
import no.portvakt.tokens.PemKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Test certificates from the command line, and tokens with them from a running platform. */
class CertificateCommandTest {
  private static final String ORGANISATION = "974760673";
  private static final String SCOPE = "altinn:serviceowner/instances.read";

  @TempDir private static Path shared;

  private static Path data = Path.of("");
  private static String base = "";

  @TempDir private Path out;

  @BeforeAll
  static void startThePlatform() throws Exception {
    data = shared.resolve("data");
    String port = String.valueOf(CommandProcess.freePort());
    DevSession.start("--port", port, "--data", data.toString()).untilReady();
    base = "http://localhost:" + port;
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2"})
  void issuesACertificateThatGetsAToken(String seid) throws Exception {
    Console console = issue("--seid", seid).succeeds();
    assertThat(console.out())
        .contains("enterprise-974760673.p12", "enterprise-974760673.pem", "keytool -list");
    KeyMaterial key = pem();
    assertThat(key.chain()).hasSize(3);
    String client = newClient();
    HttpResponse<String> alone = requestToken(client, key, 1);
    assertThat(alone.statusCode()).as(alone.body()).isEqualTo(200);
    HttpResponse<String> whole = requestToken(client, key, 3);
    assertThat(whole.statusCode()).as(whole.body()).isEqualTo(200);
    String token = String.valueOf(Json.readObject(whole.body()).get("access_token"));
    assertThat(SignedJWT.parse(token).getJWTClaimsSet().getClaims())
        .containsEntry("client_amr", "virksomhetssertifikat")
        .containsEntry(
            "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + ORGANISATION));
  }

  @Test
  void issuesAnExpiredCertificateThatIsRefused() throws Exception {
    issue("--expired", "--days", "30").succeeds();
    assertThat(pem().certificate().getNotAfter().toInstant())
        .isBetween(
            Instant.now().minus(Duration.ofHours(25)), Instant.now().minus(Duration.ofHours(23)));
    assertThat(requestToken(newClient(), pem(), 1).body()).contains("MP-120");
  }

  @Test
  void issuesForTheOrganisationThatIsNamedAndNoOther() throws Exception {
    Console.run("maskinporten", "certificate", "--org=991825827", "--data=" + data, "--out=" + out)
        .succeeds();
    KeyMaterial key = PemKeys.read(Files.readString(out.resolve("enterprise-991825827.pem")), null);
    assertThat(requestToken(newClient(), key, 1).body()).contains("MP-122");
  }

  @Test
  void writesFilesForTheirOwnerAlone() throws Exception {
    Path password = Files.writeString(out.resolve("password"), "of the tests\r\nmore");
    issue("--password-file", password.toString(), "--name", "Blåbær AS").succeeds();
    for (Path file :
        List.of(
            out.resolve("enterprise-974760673.p12"),
            out.resolve("enterprise-974760673.pem"),
            data.resolve("dev/test-authority.pem"))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    byte[] store = Files.readAllBytes(out.resolve("enterprise-974760673.p12"));
    List<KeyMaterial> keys = KeyStoreKeys.ofPkcs12(store, "of the tests".toCharArray());
    assertThat(keys).hasSize(1);
    assertThat(keys.get(0).chain()).isEqualTo(pem().chain());
    assertThat(keys.get(0).certificate().getSubjectX500Principal().getName()).contains("Blåbær");
  }

  @Test
  void replacesFilesOnlyWhenToldTo() throws Exception {
    issue().succeeds();
    byte[] first = Files.readAllBytes(out.resolve("enterprise-974760673.pem"));
    assertThat(issue().fails()).contains("enterprise-974760673.p12", "--force");
    Files.delete(out.resolve("enterprise-974760673.p12"));
    assertThat(issue().fails()).contains("enterprise-974760673.pem", "--force");
    assertThat(Files.readAllBytes(out.resolve("enterprise-974760673.pem"))).isEqualTo(first);
    issue("--force").succeeds();
    assertThat(Files.readAllBytes(out.resolve("enterprise-974760673.pem"))).isNotEqualTo(first);
  }

  @Test
  void saysWhyAFileCanNotBeWritten() throws Exception {
    Path inTheWay = Files.createDirectory(out.resolve("enterprise-974760673.p12"));
    Files.writeString(inTheWay.resolve("a"), "");
    Path empty = Files.writeString(shared.resolve("empty-password"), "\nsecond line");
    assertThat(issue("--password-file", empty.toString(), "--force").fails())
        .contains(empty + " is empty")
        .doesNotContain("second line");
    assertThat(issue("--force").fails())
        .contains(inTheWay + " can't be written: a folder is in its place.");
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files).containsExactly(inTheWay);
    }
    Path file = Files.writeString(out.resolve("file"), "");
    assertThat(
            Console.run(
                    "maskinporten",
                    "certificate",
                    "--org=991825827",
                    "--data=" + data,
                    "--out=" + file)
                .fails())
        .contains(" can't be written: " + file + " is no folder.");
  }

  @ParameterizedTest
  @CsvSource({
    "--org=974760674, --org",
    "--org=97476067, --org",
    "--org=x, --org",
    "--days=0, --days",
    "--days=1096, --days",
    "--seid=3, --seid",
    "'--name= ', --name",
    "--password-file=none, none",
  })
  void refusesWhatItCanNotIssue(String option, String named) {
    String[] given =
        option.startsWith("--org")
            ? new String[] {"maskinporten", "certificate", option}
            : new String[] {"maskinporten", "certificate", "--org=974760673", option};
    List<String> line = new ArrayList<>(List.of(given));
    line.addAll(List.of("--data=" + data, "--out=" + out));
    assertThat(Console.run(line.toArray(String[]::new)).fails()).contains(named);
    assertThat(out).isEmptyDirectory();
  }

  @Test
  void namesTheCommandThatMakesTheFolder() throws Exception {
    Path missing = shared.resolve("missing");
    String[] line = {"maskinporten", "certificate", "--org=974760673", "--data=" + missing};
    assertThat(Console.run(line).fails()).contains("portvakt dev", missing.toString());
    Files.createDirectories(missing.resolve("dev"));
    Files.writeString(missing.resolve("dev/test-authority.pem"), "nothing");
    assertThat(Console.run(line).fails()).contains("test-authority.pem can't be used");
    Files.write(missing.resolve("dev/test-authority.pem"), new byte[] {(byte) 0xff});
    assertThat(Console.run(line).fails()).contains("test-authority.pem can't be read.");
  }

  private Console issue(String... options) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "maskinporten",
                "certificate",
                "--org=" + ORGANISATION,
                "--data=" + data,
                "--out=" + out));
    line.addAll(List.of(options));
    return Console.run(line.toArray(String[]::new));
  }

  private KeyMaterial pem() throws Exception {
    return PemKeys.read(Files.readString(out.resolve("enterprise-974760673.pem")), null);
  }

  private static String newClient() throws Exception {
    Map<String, @Nullable Object> admin =
        Json.readObject(Files.readAllBytes(data.resolve("dev/admin-client.json")));
    String grant =
        JwtGrant.sign(
            GrantKey.ofJwk(Json.write((Map<?, ?>) Objects.requireNonNull(admin.get("jwk")))),
            base + "/maskinporten/",
            String.valueOf(admin.get("client_id")),
            TokenRequest.of("idporten:dcr.write idporten:dcr.altinn"),
            Instant.now());
    String token = String.valueOf(Json.readObject(requestToken(grant).body()).get("access_token"));
    String body =
        Json.write(
            Map.of(
                "client_name",
                "test",
                "description",
                "A test",
                "client_orgno",
                ORGANISATION,
                "scopes",
                List.of(SCOPE)));
    HttpResponse<String> made =
        send(
            HttpRequest.newBuilder(URI.create(base + "/maskinporten/clients"))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    return String.valueOf(Json.readObject(made.body()).get("client_id"));
  }

  private static HttpResponse<String> requestToken(String client, KeyMaterial key, int sent)
      throws Exception {
    List<Base64> chain = new ArrayList<>();
    for (var certificate : key.chain().subList(0, sent)) {
      chain.add(Base64.encode(certificate.getEncoded()));
    }
    Instant now = Instant.now();
    SignedJWT grant =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).x509CertChain(chain).build(),
            new JWTClaimsSet.Builder()
                .audience(base + "/maskinporten/")
                .issuer(client)
                .claim("scope", SCOPE)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(100)))
                .build());
    grant.sign(new RSASSASigner(key.privateKey()));
    return requestToken(grant.serialize());
  }

  private static HttpResponse<String> requestToken(String grant) throws Exception {
    String form =
        "grant_type="
            + URLEncoder.encode(
                "urn:ietf:params:oauth:grant-type:jwt-bearer", StandardCharsets.UTF_8)
            + "&assertion="
            + grant;
    return send(
        HttpRequest.newBuilder(URI.create(base + "/maskinporten/token"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form)));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), BodyHandlers.ofString());
    }
  }
}
