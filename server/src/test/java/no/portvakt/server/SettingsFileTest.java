package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.exchange.PlatformClaims.Family;
import no.portvakt.server.http.HttpServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The settings file: every key, and one clear sentence for each mistake. */
class SettingsFileTest {
  private static final Settings BASE = Settings.development(null, 7070);

  @TempDir private Path folder;

  @Test
  void readsEveryKey() throws IOException {
    Settings settings =
        read(
            """
            base-url: https://platform.example.com
            listen:
              host: 0.0.0.0
              port: 8080
            signing:
              algorithm: ES256
              keys-max-age: 600
              together: 7
            exchange:
              profile: altinn
              lifetime: 1200
              bound-by-proof: true
              claim-families: [urn]
              audiences: [https://platform.example.com]
              maskinporten:
                - issuer: https://test.maskinporten.no/
                  metadata: https://test.maskinporten.no/.well-known/oauth-authorization-server
                  algorithms: [RS256]
                  audiences: [a, b]
                - issuer: https://ver2.maskinporten.no/
                  jwks: https://ver2.maskinporten.no/jwk
            maskinporten:
              anchors: anchors.pem
              revocation:
                check: [crl, ocsp]
                when-unknown: accept
                timeout: 2s
                keep: 10m
                responder: http://ocsp.example.com/
                lists: [http://crl.example.com/1.crl, /var/lib/portvakt/2.crl, file:///etc/x%20y.crl]
            """);
    assertThat(settings.baseUrl()).isEqualTo("https://platform.example.com");
    assertThat(settings.listen())
        .isEqualTo(new HttpServer.Listen("0.0.0.0", 8080, null, List.of()));
    assertThat(settings.signing().algorithms()).containsExactly("ES256");
    assertThat(settings.signing().keysMaxAge()).isEqualTo(Duration.ofMinutes(10));
    assertThat(settings.signing().together()).isEqualTo(7);
    assertThat(settings.exchange().tokens().lifetimeSeconds()).isEqualTo(1200);
    assertThat(settings.exchange().tokens().boundByProof()).isTrue();
    assertThat(settings.exchange().tokens().collapseArrays()).isTrue();
    assertThat(settings.exchange().tokens().families()).containsExactly(Family.URN);
    assertThat(settings.exchange().maskinportenAudiences())
        .containsExactly("https://platform.example.com");
    assertThat(settings.exchange().maskinporten())
        .containsExactly(
            new Settings.Issuer(
                "https://test.maskinporten.no/",
                URI.create("https://test.maskinporten.no/.well-known/oauth-authorization-server"),
                null,
                Set.of("RS256"),
                Set.of("a", "b")),
            new Settings.Issuer(
                "https://ver2.maskinporten.no/",
                null,
                URI.create("https://ver2.maskinporten.no/jwk"),
                Set.of("RS256", "RS384", "RS512"),
                Set.of()));
    assertThat(settings.maskinporten().anchors()).isEqualTo(Path.of("anchors.pem"));
    assertThat(settings.maskinporten().revocation())
        .isEqualTo(
            new Revocation.Options(
                List.of(Revocation.Method.CRL, Revocation.Method.OCSP),
                true,
                Duration.ofSeconds(2),
                Duration.ofMinutes(10),
                URI.create("http://ocsp.example.com/"),
                List.of(
                    URI.create("http://crl.example.com/1.crl"),
                    URI.create("file:///var/lib/portvakt/2.crl"),
                    URI.create("file:///etc/x%20y.crl"))));
    assertThat(settings.maskinporten().revocation().files())
        .containsExactly(Path.of("/var/lib/portvakt/2.crl"), Path.of("/etc/x y.crl"));
  }

  @Test
  void takesAsManyListsAsAreKept() throws IOException {
    String lists = "maskinporten: {revocation: {lists: [%s'./a:b']}}".formatted("a, ".repeat(15));
    assertThat(read(lists).maskinporten().revocation().files())
        .hasSize(16)
        .contains(Path.of("a").toAbsolutePath())
        .contains(Path.of("./a:b").toAbsolutePath());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "{}", "listen:", "exchange: {}"})
  void keepsWhatHeldBeforeWhereItSaysNothing(String yaml) throws IOException {
    assertThat(read(yaml)).isEqualTo(BASE);
  }

  @Test
  void turnsRevocationOffOnlyWhenItIsSaid() throws IOException {
    String off = "maskinporten: {revocation: {check: [none]}}";
    Path file = Files.writeString(folder.resolve("settings.yaml"), off);
    Settings serving = Settings.serving();
    assertThat(SettingsFile.read(file, Map.of(), serving).maskinporten().revocation().methods())
        .isEmpty();
    assertThat(SettingsFile.read(null, Map.of(), serving).maskinporten().revocation().methods())
        .containsExactly(Revocation.Method.OCSP, Revocation.Method.CRL);
    assertThat(BASE.maskinporten().revocation().methods()).isEmpty();
  }

  @Test
  void letsAKeyOverruleItsProfile() throws IOException {
    Settings settings = read("exchange:\n  profile: altinn\n  collapse-arrays: false\n");
    assertThat(settings.exchange().tokens().collapseArrays()).isFalse();
    assertThat(read("exchange: {profile: strict}").exchange().tokens().collapseArrays()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "baseurl: x | There is no setting baseurl; did you mean base-url?",
        "Listen: {} | There is no setting Listen; did you mean listen?",
        "listen: {prot: 1} | There is no setting listen.prot; did you mean listen.port?",
        "listen: {hots: x} | There is no setting listen.hots; did you mean listen.host?",
        "signing: {algoritm: x} | There is no setting signing.algoritm; did you mean signing.algorithm?",
        "exchange: {life-time: 1} | There is no setting exchange.life-time; did you mean exchange.lifetime?",
        "exchange: {maskinporten: [{isuer: x}]} | There is no setting"
            + " exchange.maskinporten[0].isuer; did you mean exchange.maskinporten[0].issuer?",
        "maskinporten: {anchor: x} | There is no setting maskinporten.anchor; did you mean"
            + " maskinporten.anchors?",
        "date: x | There is no setting date; did you mean data?",
        "5: x | There is no setting 5; did you mean",
      })
  void namesTheNearestKeyForAnUnknownOne(String yaml, String sentence) {
    assertBad(yaml, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen: 5 | The setting listen takes further keys below it.",
        "exchange: [] | The setting exchange takes further keys below it.",
        "listen: {port: '8080'} | The setting listen.port takes a whole number from 0 to 65535.",
        "listen: {port: 65536} | The setting listen.port takes",
        "listen: {port: -1} | The setting listen.port takes",
        "listen: {port: 80.5} | The setting listen.port takes",
        "listen: {port: 99999999999} | The setting listen.port takes",
        "listen: {host: 5} | The setting listen.host takes a text.",
        "listen: {host: ''} | The setting listen.host takes a text.",
        "signing: {algorithm: RS512} | The setting signing.algorithm takes one of [ES256, Ed25519, EdDSA, PS256, RS256].",
        "signing: {algorithm: rs256} | The setting signing.algorithm takes",
        "signing: {algorithm: none} | The setting signing.algorithm takes",
        "signing: {keys-max-age: 0} | The setting signing.keys-max-age takes",
        "signing: {together: 0} | The setting signing.together takes",
        "exchange: {lifetime: 0} | The setting exchange.lifetime takes a whole number from 1 to 86400.",
        "exchange: {lifetime: 86401} | The setting exchange.lifetime takes",
        "exchange: {lifetime: 30m} | The setting exchange.lifetime takes",
        "exchange: {bound-by-proof: maybe} | The setting exchange.bound-by-proof takes true or false.",
        "exchange: {bound-by-proof: 1} | The setting exchange.bound-by-proof takes true or false.",
        "exchange: {profile: lax} | The setting exchange.profile takes one of [altinn, strict].",
        "exchange: {claim-families: urn} | The setting exchange.claim-families takes a list.",
        "exchange: {claim-families: [URN]} | The setting exchange.claim-families takes short and urn.",
        "exchange: {claim-families: [5]} | The setting exchange.claim-families takes a list of texts.",
        "exchange: {audiences: x} | The setting exchange.audiences takes a list.",
        "exchange: {audiences: ['']} | The setting exchange.audiences takes a list of texts.",
        "exchange: {maskinporten: {}} | The setting exchange.maskinporten takes a list.",
        "exchange: {maskinporten: [5]} | exchange.maskinporten[0] needs issuer",
        "exchange: {maskinporten: [{issuer: x}]} | needs issuer, and one of metadata and jwks.",
        "exchange: {maskinporten: [{jwks: 'http://x/'}]} | needs issuer, and one of metadata and jwks.",
        "exchange: {maskinporten: [{issuer: x, jwks: 'http://x/', metadata: 'http://x/'}]} | needs issuer",
        "exchange: {maskinporten: [{issuer: x, jwks: x}]} | exchange.maskinporten[0].jwks takes",
        "exchange: {maskinporten: [{issuer: x, jwks: 'ftp://x/y'}]} | exchange.maskinporten[0].jwks takes",
        "exchange: {maskinporten: [{issuer: x, jwks: 'a b'}]} | exchange.maskinporten[0].jwks takes",
        "exchange: {maskinporten: [{issuer: x, jwks: 'http://x/', algorithms: [HS256]}]} | algorithms takes",
        "exchange: {maskinporten: [{issuer: x, jwks: 'http://x/', algorithms: [none]}]} | algorithms takes",
        "maskinporten: {revocation: off} | The setting maskinporten.revocation takes further keys",
        "maskinporten: {revocation: {check: ocsp}} | revocation.check takes a list.",
        "maskinporten: {revocation: {check: [scvp]}} | takes ocsp and crl, or none.",
        "maskinporten: {revocation: {check: [none, crl]}} | takes ocsp and crl, or none.",
        "maskinporten: {revocation: {when-unknown: soft}} | takes one of [accept, refuse].",
        "maskinporten: {revocation: {timeout: 0}} | revocation.timeout takes seconds",
        "maskinporten: {revocation: {keep: 8d}} | revocation.keep takes seconds",
        "maskinporten: {revocation: {responder: 'ldap://x/'}} | takes an http or https URL.",
        "maskinporten: {revocation: {lists: ['http:x']}} | takes an http or https URL.",
        "maskinporten: {revocation: {lists: ['ldap://x/1.crl']}} | lists takes http or https URLs and files.",
        "maskinporten: {revocation: {lists: ['HTTP://x/1.crl']}} | lists takes http or https URLs and files.",
        "maskinporten: {revocation: {lists: ['file:1.crl']}} | lists takes http or https URLs and files.",
        "maskinporten: {revocation: {lists: ['file://host/1.crl']}} | lists takes http or https URLs and files.",
        "maskinporten: {revocation: {lists: ['file:///a b']}} | lists takes http or https URLs and files.",
        "maskinporten: {revocation: {lists: [1,2,3]}} | lists takes a list of texts.",
        "maskinporten: {revocation: {lists: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]}} | lists takes at most 16 lists.",
        "base-url: platform.example.com | base-url can't be used: a base URL starts with http",
        "base-url: https://platform.example.com/ | base-url can't be used",
        "base-url: https://platform.example.com?a=b | base-url can't be used",
        "base-url: https:// | base-url can't be used",
        "base-url: 'https://a b' | base-url can't be used: it is no URL.",
        "base-url: ftp://platform.example.com | base-url can't be used",
        "base-url: 5 | The setting base-url takes a text.",
      })
  void saysWhatASettingTakes(String yaml, String sentence) {
    assertBad(yaml, sentence);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "just a text",
        "- a\n- list",
        "5",
        "listen: {port: 1",
        "\tlisten:",
        "listen: {}\nlisten: {}",
        "!!javax.script.ScriptEngineManager [x]",
        "a: &a [*a]"
      })
  void refusesWhatIsNoListOfKeys(String yaml) {
    assertBad(yaml, "");
  }

  @Test
  void refusesTheSameIssuerTwice() {
    assertBad(
        """
        exchange:
          maskinporten:
            - {issuer: 'https://a/', jwks: 'https://a/1'}
            - {issuer: 'https://a/', jwks: 'https://a/2'}
        """,
        "https://a/");
  }

  @Test
  void saysWhichFileCannotBeRead() throws IOException {
    Path absent = folder.resolve("absent.yaml");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> SettingsFile.read(absent, Map.of(), BASE))
        .withMessageContaining("absent.yaml");
    Path latin = folder.resolve("latin.yaml");
    Files.write(latin, "base-url: https://bl\u00e5b\u00e6r".getBytes(StandardCharsets.ISO_8859_1));
    assertThatExceptionOfType(RuntimeException.class)
        .isThrownBy(() -> SettingsFile.read(latin, Map.of(), BASE))
        .withMessageContaining("latin.yaml");
  }

  @Test
  void takesAFreePortForZeroAndKeepsAnother() {
    assertThat(Addresses.withPort(Settings.development(null, 0)).listen().port()).isPositive();
    assertThat(Addresses.withPort(BASE)).isEqualTo(BASE);
    assertThat(Addresses.of(BASE).platformIssuer())
        .isEqualTo("http://localhost:7070/authentication/api/v1/openid/");
    assertThat(Addresses.of(BASE.withBaseUrl("https://p.example")).maskinportenIssuer())
        .isEqualTo("https://p.example/maskinporten/");
  }

  private Settings read(String yaml) throws IOException {
    return SettingsFile.read(
        Files.writeString(folder.resolve("settings.yaml"), yaml), Map.of(), BASE);
  }

  private void assertBad(String yaml, String sentence) {
    assertThatExceptionOfType(BadSettings.class)
        .isThrownBy(() -> read(yaml))
        .withMessageContaining(sentence);
  }
}
