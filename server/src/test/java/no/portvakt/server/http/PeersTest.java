package no.portvakt.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Declared proxies: what they are, who may connect beside them, and whose header counts. */
class PeersTest {
  private static final Peers PEERS = Peers.of(List.of("10.0.0.0/8", "192.0.2.7", "2001:db8::/33"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.0",
        "10.255.255.255",
        "192.0.2.7",
        "2001:db8::1",
        "2001:db8:7fff::1",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:10.1.2.3"
      })
  void admitsProxiesAndThisMachine(String peer) {
    assertThat(PEERS.admits(InetAddress.ofLiteral(peer))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "2001:db8:8000::1", "2001:db9::1",
        "::a00:1", "64:ff9b::a00:1", "0.0.0.0", "::", "172.16.0.1", "fe80::1"
      })
  void refusesEverybodyElse(String peer) {
    assertThat(PEERS.admits(InetAddress.ofLiteral(peer))).isFalse();
  }

  @Test
  void admitsEverybodyWithoutProxies() {
    assertThat(Peers.of(List.of()).admits(InetAddress.ofLiteral("198.51.100.1"))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          198.51.100.1                           | 198.51.100.1
          203.0.113.9, 198.51.100.1              | 198.51.100.1
          unknown, 198.51.100.1                  | 198.51.100.1
          198.51.100.1, 10.9.9.9                 | 198.51.100.1
          203.0.113.9,198.51.100.1,192.0.2.7,10.1.1.1 | 198.51.100.1
          198.51.100.1:40312                     | 198.51.100.1
          2001:db9::5                            | 2001:db9:0:0:0:0:0:5
          [2001:db9::5]                          | 2001:db9:0:0:0:0:0:5
          [2001:db9::5]:443, 10.1.1.1            | 2001:db9:0:0:0:0:0:5
          ::ffff:198.51.100.1                    | 198.51.100.1
          """)
  void takesTheClientThatProxiesName(String header, String client) {
    assertThat(PEERS.clientOf(InetAddress.ofLiteral("10.0.0.1"), List.of(header)))
        .isEqualTo(client);
  }

  @Test
  void readsSeveralLinesAsOneList() {
    InetAddress proxy = InetAddress.ofLiteral("10.0.0.1");
    assertThat(PEERS.clientOf(proxy, List.of("203.0.113.9", "198.51.100.1, 10.2.2.2", "10.3.3.3")))
        .isEqualTo("198.51.100.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ",",
        "198.51.100.1,",
        "unknown",
        "_hidden",
        "localhost",
        "example.com",
        "198.51.100",
        "198.51.100.256",
        "198.51.100.01",
        "0x7f.0.0.1",
        "3325256705",
        "198.51.100.1 10.1.1.1",
        "\"198.51.100.1\"",
        "for=198.51.100.1",
        "198.51.100.1:port",
        "198.51.100.1:",
        "198.51.100.1/32",
        "[198.51.100.1",
        "[198.51.100.1]extra",
        "2001:db9::5::1",
        "2001:db9::5%eth0",
        "[fe80::1%1]:80",
        "::ffff:1.2.3.4.5",
        "1:2:3:4:5:6:7:8:9",
        "198.51.100.1, nonsense, 10.1.1.1",
        "10.1.1.1",
        "10.1.1.1, 192.0.2.7",
      })
  void takesThePeerWhenTheHeaderTellsNothing(String header) {
    assertThat(PEERS.clientOf(InetAddress.ofLiteral("10.0.0.1"), List.of(header)))
        .isEqualTo("10.0.0.1");
    assertThat(PEERS.clientOf(InetAddress.ofLiteral("10.0.0.1"), List.of())).isEqualTo("10.0.0.1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "11.0.0.1", "192.0.2.8", "2001:db9::1"})
  void neverBelievesOthers(String peer) {
    InetAddress address = InetAddress.ofLiteral(peer);
    assertThat(PEERS.clientOf(address, List.of("198.51.100.1")))
        .isEqualTo(address.getHostAddress());
    assertThat(Peers.of(List.of()).clientOf(address, List.of("198.51.100.1")))
        .isEqualTo(address.getHostAddress());
  }

  @Test
  void readsAHeaderOfManyAddresses() {
    String many = "10.1.1.1,".repeat(7_000) + "10.1.1.1";
    assertThat(PEERS.clientOf(InetAddress.ofLiteral("10.0.0.1"), List.of(many)))
        .isEqualTo("10.0.0.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "proxy",
        "proxy.example.com",
        "10.0.0",
        "10.0.0.0/",
        "10.0.0.0/0",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/08",
        "10.0.0.0/-8",
        "10.0.0.0/33",
        "10.0.0.0/8/8",
        "10.0.0.0/999",
        "10.0.0.1/8",
        "10.0.0.0-10.0.0.9",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0 /8",
        "*",
        "2001:db8::/129",
        "2001:db8::1/64",
        "fe80::1%eth0",
        "::ffff:10.0.0.0/104",
      })
  void refusesAProxyThatIsNoAddress(String text) {
    assertThatExceptionOfType(HttpServer.UnusableProxy.class)
        .isThrownBy(() -> Peers.of(List.of("10.0.0.0/8", text)))
        .withMessageStartingWith("The proxy " + text + " is not ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LocalHost"})
  void knowsThisMachine(String host) {
    assertThat(Peers.isLoopback(host)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "::",
        "",
        "192.0.2.1",
        "localhost.example.com",
        "127.1",
        "127.0.0.1.nip.io",
        "2130706433",
        "ip6-localhost",
        "::ffff:10.0.0.1"
      })
  void takesNothingElseForThisMachine(String host) {
    assertThat(Peers.isLoopback(host)).isFalse();
  }

  @Test
  void asksNobodyForTheNameOfAnAddress() throws UnknownHostException {
    assertThat(InetAddress.ofLiteral("127.0.0.1").getHostName()).isEqualTo("127.0.0.1");
    assertThat(InetAddress.getByName("localhost").isLoopbackAddress()).isTrue();
  }
}
