package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import no.portvakt.maskinporten.ScriptedServer.Reply;
import no.portvakt.maskinporten.ScriptedServer.Seen;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorizedHttpClientTest {
  private static final String API = "/api";
  private static final TokenRequest READ = TokenRequest.of("altinn:read");
  private static final Reply INVALID_TOKEN =
      reply(
          401,
          "text/plain",
          "go away",
          "WWW-Authenticate",
          "Bearer error=\"invalid_token\", a=\"b\"");

  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;
  private final MaskinportenClient client = maskinporten.builder().build();
  private final HttpClient plain = HttpClient.newHttpClient();
  private final HttpClient http =
      client.authorized(plain, READ, URI.create(server.base() + "/any/path"));

  @BeforeEach
  void giveTokens() {
    server.at(TOKEN, token("one", 120), token("two", 120), token("three", 120));
    server.at(API, reply(200, "text/plain", "fine"));
  }

  @AfterEach
  void stop() {
    client.close();
    maskinporten.close();
  }

  @Test
  void addsTheToken() throws Exception {
    HttpResponse<String> answer =
        http.send(request().header("X-Own", "kept").build(), BodyHandlers.ofString());
    assertThat(answer.body()).isEqualTo("fine");
    assertThat(server.seen(API))
        .singleElement()
        .satisfies(it -> {
          assertThat(it.header("Authorization")).isEqualTo("Bearer one");
          assertThat(it.header("X-own")).isEqualTo("kept");
        });
    assertThat(http.sendAsync(request().build(), BodyHandlers.ofString()).join().body())
        .isEqualTo("fine");
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void getsAnotherTokenOnceWhenTheFirstIsRefused() throws Exception {
    passTime();
    server.at(API, INVALID_TOKEN, reply(200, "text/plain", "fine"));
    HttpRequest post = request().POST(BodyPublishers.ofString("body")).build();
    assertThat(http.send(post, BodyHandlers.ofString()).body()).isEqualTo("fine");
    assertThat(authorizations()).containsExactly("Bearer one", "Bearer two");
    assertThat(server.seen(API)).extracting(Seen::body).containsExactly("body", "body");
    passTime();
    server.at(API, INVALID_TOKEN, reply(200, "text/plain", "fine"));
    assertThat(http.sendAsync(post, BodyHandlers.ofString()).join().body()).isEqualTo("fine");
    assertThat(authorizations())
        .containsExactly("Bearer one", "Bearer two", "Bearer two", "Bearer three");
  }

  @Test
  void asksForNoTokenAgainAndAgainWhenAnApiRefusesAll() throws Exception {
    server.at(API, INVALID_TOKEN);
    for (int i = 0; i < 5; i++) {
      assertThat(http.send(request().build(), BodyHandlers.ofString()).body()).isEqualTo("go away");
    }
    assertThat(server.seen(API)).hasSize(5);
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void opensNoWebSocket() {
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(http::newWebSocketBuilder)
        .withMessageContaining("adds tokens to HTTP requests and opens no WebSockets");
    assertThat(maskinporten.requests()).isEmpty();
  }

  @Test
  void closesNothingOfOthers() throws Exception {
    if ((Object) http instanceof AutoCloseable closeable) { // since Java 21
      closeable.close();
    }
    client.close();
    assertThat(plain.send(request().build(), BodyHandlers.ofString()).body()).isEqualTo("fine");
  }

  @Test
  void showsTheSecondRefusal() throws Exception {
    passTime();
    server.at(API, INVALID_TOKEN);
    HttpResponse<String> answer = http.send(request().build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.body()).isEqualTo("go away");
    assertThat(server.seen(API)).hasSize(2);
  }

  @Test
  void doesNotRepeatWhatMayNotBeRepeated() throws Exception {
    passTime();
    server.at(API, INVALID_TOKEN);
    HttpRequest streamed =
        request()
            .POST(
                BodyPublishers.ofInputStream(
                    () -> new ByteArrayInputStream("once".getBytes(StandardCharsets.UTF_8))))
            .build();
    assertThat(http.send(streamed, BodyHandlers.ofString()).body()).isEqualTo("go away");
    server.at(API, json(403, Map.of(), "WWW-Authenticate", "Bearer error=\"insufficient_scope\""));
    assertThat(http.send(request().build(), BodyHandlers.ofString()).statusCode()).isEqualTo(403);
    server.at(API, json(401, Map.of(), "WWW-Authenticate", "Basic realm=\"invalid_token\""));
    assertThat(http.send(request().build(), BodyHandlers.ofString()).statusCode()).isEqualTo(401);
    server.at(API, json(401, Map.of()));
    assertThat(http.send(request().build(), BodyHandlers.ofString()).statusCode()).isEqualTo(401);
    assertThat(server.seen(API)).hasSize(4);
    assertThat(maskinporten.requests()).hasSize(2); // the first refusal dropped a token
  }

  @Test
  void sendsNoTokenToAnotherServer() {
    try (ScriptedServer other = new ScriptedServer()) {
      other.at(API, reply(200, "text/plain", "gotcha"));
      for (String address :
          List.of(
              other.base() + API,
              server.base().replace("localhost", "127.0.0.1") + API,
              server.base().replace("http:", "https:") + API)) {
        HttpRequest elsewhere = HttpRequest.newBuilder(URI.create(address)).build();
        assertThatIllegalArgumentException()
            .isThrownBy(() -> http.send(elsewhere, BodyHandlers.ofString()));
        assertThatIllegalArgumentException()
            .isThrownBy(() -> http.sendAsync(elsewhere, BodyHandlers.ofString()).join());
      }
      assertThat(other.seen(API)).isEmpty();
      assertThat(maskinporten.requests()).isEmpty();
    }
  }

  @Test
  void followsNoRedirectWithATokenInHand() throws Exception {
    try (ScriptedServer other = new ScriptedServer()) {
      server.at(API, reply(302, "text/plain", "", "Location", other.base() + API));
      assertThat(http.send(request().build(), BodyHandlers.ofString()).statusCode()).isEqualTo(302);
      assertThat(other.seen(API)).isEmpty();
    }
    HttpClient following =
        HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.authorized(following, READ, URI.create(server.base())))
        .withMessageContaining("redirects");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> maskinporten.builder().httpClient(following).build())
        .withMessageContaining("redirects");
  }

  @Test
  void leavesARequestAloneThatHasItsOwnAuthorization() throws Exception {
    HttpRequest own = request().header("Authorization", "Basic dTpw").build();
    http.send(own, BodyHandlers.ofString());
    http.sendAsync(own, BodyHandlers.ofString()).join();
    assertThat(authorizations()).containsExactly("Basic dTpw", "Basic dTpw");
    assertThat(maskinporten.requests()).isEmpty();
  }

  @Test
  void givesTheHeaderToOtherLibraries() {
    assertThat(client.authorization(READ).get()).isEqualTo("Bearer one");
  }

  @Test
  void isOtherwiseTheClientBelow() {
    assertThat(http.connectTimeout()).isEqualTo(plain.connectTimeout());
    assertThat(http.cookieHandler()).isEqualTo(Optional.empty());
    assertThat(http.proxy()).isEqualTo(plain.proxy());
    assertThat(http.sslContext()).isSameAs(plain.sslContext());
    assertThat(http.sslParameters().getProtocols()).isEqualTo(plain.sslParameters().getProtocols());
    assertThat(http.authenticator()).isEqualTo(plain.authenticator());
    assertThat(http.version()).isEqualTo(plain.version());
    assertThat(http.executor()).isEqualTo(plain.executor());
    assertThat(http.followRedirects()).isEqualTo(HttpClient.Redirect.NEVER);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.authorized(plain, READ))
        .withMessageContaining("Name the servers");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://platform.altinn.no",
        "platform.altinn.no",
        "/api",
        "https:/api",
        "ftp://localhost/",
        "https://user@platform.altinn.no"
      })
  void refusesServersThatNoTokenMayBeSentTo(String server) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.authorized(plain, READ, URI.create(server)))
        .withMessageStartingWith("The server is not ");
  }

  @Test
  void takesServersByHttpsAndWhatTheSettingsAllow() {
    assertThat(client.authorized(plain, READ, URI.create("https://api.test"))).isNotNull();
    try (MaskinportenClient lax = maskinporten.builder().allowPlainHttp().build()) {
      assertThat(lax.authorized(plain, READ, URI.create("http://api.test"))).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer error=invalid_token",
        "bearer ERROR = \"invalid_token\"",
        "Bearer realm=\"a, b\", error=\"invalid\\_token\"",
        "Basic realm=\"a\", Bearer realm=\"b\" , error=\"invalid_token\"",
        "Negotiate YWJj==, Bearer error=\"invalid_token\"",
        "Basic,Bearer error=invalid_token"
      })
  void findsTheChallengeWhereverItStands(String challenge) {
    assertThat(Challenge.isInvalidToken(List.of("Basic realm=\"a\"", challenge))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Bearer",
        "Bearer error=",
        "Bearer error=\"",
        "Bearer error=\"invalid_token\\",
        "Bearer error=\"insufficient_scope\"",
        "Bearer error_description=\"invalid_token\"",
        "Bearer realm=\"error=invalid_token\"",
        "Bearer realm=\"\\\", error=invalid_token\"",
        "Bearer realm=\"a\", DPoP error=\"invalid_token\"",
        "Basic realm=\"Bearer error=invalid_token\"",
        "Negotiate Bearer, error=invalid_token",
        "DPoP error=\"invalid_token\"",
        "error=\"invalid_token\""
      })
  void takesNothingElseForAChallengeOfTheToken(String challenge) {
    assertThat(Challenge.isInvalidToken(List.of(challenge))).isFalse();
    assertThat(Challenge.isInvalidToken(List.of())).isFalse();
  }

  /** Gets a token, and lets it grow so old that it may be dropped. */
  private void passTime() {
    client.token(READ);
    maskinporten.clock.advance(Duration.ofSeconds(10));
  }

  private HttpRequest.Builder request() {
    return HttpRequest.newBuilder(URI.create(server.base() + API));
  }

  private List<String> authorizations() {
    return server.seen(API).stream().map(it -> String.valueOf(it.header("Authorization"))).toList();
  }
}
