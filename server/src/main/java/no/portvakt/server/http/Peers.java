package no.portvakt.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import no.portvakt.server.http.HttpServer.UnusableProxy;
import org.jspecify.annotations.Nullable;

/**
 * Who may connect, and whose word counts about where a request comes from. Nothing here asks the
 * DNS. Immutable.
 */
final class Peers {
  private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  private static final String IPV4 = OCTET + "(\\." + OCTET + "){3}";
  private static final Pattern ADDRESS = Pattern.compile(IPV4 + "|(?=.*:)[0-9a-fA-F:.]{2,45}");
  private static final Pattern WITH_PORT =
      Pattern.compile("(?<four>" + IPV4 + "):[0-9]{1,5}|\\[(?<six>[^]]*)](:[0-9]{1,5})?");

  private final List<Block> proxies;

  private Peers(List<Block> proxies) {
    this.proxies = proxies;
  }

  /**
   * Where a request comes from.
   *
   * @param address the IP address of the client
   * @param admitted whether the peer may ask for anything
   */
  record Caller(String address, boolean admitted) {}

  /**
   * @param proxies IP addresses and CIDR blocks (RFC 4632 §3.1, RFC 4291 §2.3) of the proxies in
   *     front; with none, every peer may connect
   * @throws UnusableProxy when one is neither
   */
  static Peers of(List<String> proxies) {
    return new Peers(proxies.stream().map(Block::parse).toList());
  }

  /** Whether a host to listen on is reached from this machine alone; a name is not looked up. */
  static boolean isLoopback(String host) {
    InetAddress address = literal(host);
    return address == null ? host.equalsIgnoreCase("localhost") : address.isLoopbackAddress();
  }

  Caller caller(ServerRequest request) {
    // Not the engine's own text for the peer: it may be a name.
    InetAddress peer = ((InetSocketAddress) request.remotePeer().address()).getAddress();
    var header = HeaderNames.X_FORWARDED_FOR;
    boolean forwarded = !proxies.isEmpty() && request.headers().contains(header);
    List<String> values = forwarded ? request.headers().get(header).allValues() : List.of();
    return new Caller(clientOf(peer, values), admits(peer));
  }

  /** Behind declared proxies only they may connect, and this machine itself. */
  boolean admits(InetAddress peer) {
    return proxies.isEmpty() || peer.isLoopbackAddress() || isProxy(peer);
  }

  /**
   * The client's address. Each proxy adds the address of its own peer to the right, so it is read
   * from there as far as declared proxies wrote it; what stands further left anybody may have
   * written.
   *
   * @param forwardedFor the values of X-Forwarded-For in order
   * @return the peer's own address, when it is no declared proxy or the header tells nothing
   */
  String clientOf(InetAddress peer, List<String> forwardedFor) {
    if (isProxy(peer)) {
      String all = String.join(",", forwardedFor);
      for (int end = all.length(); end > 0; ) {
        int comma = all.lastIndexOf(',', end - 1);
        InetAddress address = forwarded(all.substring(comma + 1, end).strip());
        if (address == null) {
          break;
        }
        if (!isProxy(address)) {
          return address.getHostAddress();
        }
        end = comma;
      }
    }
    return peer.getHostAddress();
  }

  private boolean isProxy(InetAddress address) {
    return proxies.stream().anyMatch(it -> it.contains(address));
  }

  /** An address as proxies write it: some add the port, and brackets around IPv6 (RFC 7239 §6). */
  private static @Nullable InetAddress forwarded(String text) {
    var port = WITH_PORT.matcher(text);
    if (!port.matches()) {
      return literal(text);
    }
    return Stream.of(port.group("four"), port.group("six"))
        .filter(it -> it != null)
        .findFirst()
        .map(Peers::literal)
        .orElse(null);
  }

  private static @Nullable InetAddress literal(String text) {
    try {
      return ADDRESS.matcher(text).matches() ? InetAddress.ofLiteral(text) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Addresses with a common beginning. */
  private static final class Block {
    private final byte[] network;
    private final int bits;

    private Block(byte[] network, int bits) {
      this.network = network;
      this.bits = bits;
    }

    static Block parse(String text) {
      int slash = text.indexOf('/');
      InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
      String length = slash < 0 ? "" : text.substring(slash + 1);
      if (address == null || (slash >= 0 && !length.matches("[1-9][0-9]{0,2}"))) {
        throw new UnusableProxy(text, "an IP address or a CIDR block of at least one bit");
      }
      byte[] network = address.getAddress();
      int bits = slash < 0 ? 8 * network.length : Integer.parseInt(length);
      if (bits > 8 * network.length) {
        throw new UnusableProxy(text, "a CIDR block of at most " + 8 * network.length + " bits");
      }
      for (int i = bits; i < 8 * network.length; i++) {
        if (bit(network, i) != 0) {
          throw new UnusableProxy(text, "a CIDR block without bits after its first " + bits);
        }
      }
      return new Block(network, bits);
    }

    boolean contains(InetAddress address) {
      byte[] other = address.getAddress();
      boolean same = other.length == network.length;
      for (int i = 0; same && i < bits; i++) {
        same = bit(other, i) == bit(network, i);
      }
      return same;
    }

    private static int bit(byte[] bytes, int i) {
      return bytes[i / 8] >> (7 - i % 8) & 1;
    }
  }

  /**
   * The JDK's resolver without names for addresses. The engine asks for the name of each peer that
   * connects with TLS, which can take seconds; a caller must not be able to make us ask a DNS
   * server of its own.
   */
  public static final class NoNamesOfPeers extends InetAddressResolverProvider {
    @Override
    public String name() {
      return "no names of peers";
    }

    @Override
    public InetAddressResolver get(Configuration configuration) {
      InetAddressResolver builtIn = configuration.builtinResolver();
      return new InetAddressResolver() {
        @Override
        public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
            throws UnknownHostException {
          return builtIn.lookupByName(host, policy);
        }

        @Override
        public String lookupByAddress(byte[] address) throws UnknownHostException {
          throw new UnknownHostException("Names of addresses are not looked up.");
        }
      };
    }
  }
}
