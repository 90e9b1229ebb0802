package no.portvakt.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import no.portvakt.server.http.HttpFixture.Caller;
import no.portvakt.server.http.HttpServer.Listen;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where plain HTTP is allowed, and what a proxy in front changes. */
class ListenTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "portvakt.example.com"})
  void refusesPlainHttpThatANetworkCouldReach(String host) {
    assertThatExceptionOfType(HttpServer.PlainHttp.class)
        .isThrownBy(() -> HttpFixture.plain(host).close())
        .withMessage(
            "Plain HTTP on "
                + host
                + " would show tokens to the network; set listen.tls, or name the proxies that"
                + " end TLS in listen.proxies.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost"})
  void allowsPlainHttpOnThisMachine(String host) throws IOException {
    try (HttpFixture http = HttpFixture.plain(host);
        Caller caller = http.connectPlain(LOOPBACK)) {
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
      assertThat(http.server().certificateExpires()).isNull();
      assertThat(http.server().tlsProblem()).isNull();
    }
  }

  @Test
  void allowsPlainHttpBehindProxies() throws IOException {
    try (HttpFixture http = HttpFixture.plain("0.0.0.0", "203.0.113.0/24");
        Caller caller = http.connectPlain(LOOPBACK)) {
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void refusesAPeerThatIsNoProxy() throws IOException {
    InetAddress own =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(it -> !it.isLoopbackAddress() && !it.isLinkLocalAddress())
            .findFirst()
            .orElse(LOOPBACK);
    assumeThat(own.isLoopbackAddress()).as("a machine without a network").isFalse();
    try (HttpFixture http = HttpFixture.plain("::", "203.0.113.0/24")) {
      for (String path : List.of("/hello", "/nothing", "/address")) {
        try (Caller caller = http.connectPlain(own)) {
          String answer = caller.get(path, "X-Forwarded-For: 127.0.0.1");
          assertThat(answer)
              .startsWith("HTTP/1.1 403 ")
              .contains("application/problem+json", "Only the proxies in front may connect here.");
          assertThat(caller.rest()).isEmpty();
        }
      }
      try (Caller caller = http.connectPlain(own)) {
        caller.send(
            "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                + "x".repeat(100_000));
        assertThat(caller.answer()).startsWith("HTTP/1.1 403 ");
      }
    }
    try (HttpFixture http = HttpFixture.plain("::", own.getHostAddress().replaceAll("%.*", ""));
        Caller caller = http.connectPlain(own)) {
      assertThat(caller.get("/address", "X-Forwarded-For: 198.51.100.1"))
          .startsWith("HTTP/1.1 200 ")
          .endsWith("\"198.51.100.1\"");
    }
  }

  @Test
  void takesTheClientsAddressFromADeclaredProxy() throws IOException {
    try (HttpFixture http = HttpFixture.plain("127.0.0.1", "127.0.0.0/8", "10.0.0.0/8");
        Caller caller = http.connectPlain(LOOPBACK)) {
      assertThat(caller.get("/address")).endsWith("\"127.0.0.1\"");
      assertThat(caller.get("/address", "X-Forwarded-For: 198.51.100.1, 10.1.1.1"))
          .endsWith("\"198.51.100.1\"");
      assertThat(
              caller.get(
                  "/address", "X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 198.51.100.1:5555"))
          .endsWith("\"198.51.100.1\"");
    }
  }

  @Test
  void ignoresTheHeaderOfOthers() throws IOException {
    try (HttpFixture none = HttpFixture.plain("127.0.0.1");
        HttpFixture another = HttpFixture.plain("127.0.0.1", "203.0.113.0/24")) {
      for (HttpFixture http : List.of(none, another)) {
        try (Caller caller = http.connectPlain(LOOPBACK)) {
          assertThat(caller.get("/address", "X-Forwarded-For: 198.51.100.1"))
              .endsWith("\"127.0.0.1\"");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Forwarded-For: unknown",
        "X-Forwarded-For: 198.51.100.1, x",
        "X-Forwarded-For: 127.0.0.1",
        "Forwarded: for=198.51.100.1",
        "X-Real-IP: 198.51.100.1",
        "X-Client-IP: 198.51.100.1",
      })
  void keepsToThePeerWhenAProxySaysNothingUseful(String header) throws IOException {
    try (HttpFixture http = HttpFixture.plain("127.0.0.1", "127.0.0.1");
        Caller caller = http.connectPlain(LOOPBACK)) {
      assertThat(caller.get("/address", header)).endsWith("\"127.0.0.1\"");
    }
  }

  @Test
  void refusesAProxyThatIsAName() {
    assertThatExceptionOfType(HttpServer.CannotListen.class)
        .isThrownBy(() -> HttpFixture.plain("127.0.0.1", "proxy.example.com").close())
        .withMessage(
            "The proxy proxy.example.com is not an IP address or a CIDR block of at least one"
                + " bit.");
  }

  @Test
  void keepsItsListOfProxies() {
    List<String> proxies = new java.util.ArrayList<>(List.of("10.0.0.1"));
    Listen listen = new Listen("127.0.0.1", 0, null, proxies);
    proxies.clear();
    assertThat(listen.proxies()).containsExactly("10.0.0.1");
  }
}
