package no.portvakt.server.certificates;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.TestClock;
import no.portvakt.server.certificates.TestAuthority.Order;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.jspecify.annotations.Nullable;

/** Orders of good certificates around the time of the test clock, and changes to spoil them. */
public record TestOrder(Order order) {
  private static final KeyPair LEAF_KEY = TestAuthority.keyPair("RSA", 2048);

  /** A good certificate with a subject. All have one key, because keys take long to make. */
  public static TestOrder of(X500Name subject) {
    return new TestOrder(
        Order.enterprise(
            subject,
            LEAF_KEY,
            TestClock.START.minus(Duration.ofDays(30)),
            TestClock.START.plus(Duration.ofDays(700))));
  }

  /** A good certificate of an organisation, of the first generation. */
  public static TestOrder of(String organisation) {
    return of(seid1(organisation));
  }

  /** A root, valid around the time of the test clock. */
  public static TestAuthority root(String name) {
    return TestAuthority.root(name, TestClock.START);
  }

  /** SEID 1 with any text for a number. */
  public static X500Name seid1(String organisation) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.O, "Test, \"AS\" + sønner")
        .addRDN(BCStyle.CN, "Test")
        .addRDN(BCStyle.SERIALNUMBER, organisation)
        .build();
  }

  /** SEID 2 with any text for an identifier. */
  public static X500Name seid2(String identifier) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, identifier)
        .addRDN(BCStyle.O, "Test AS")
        .addRDN(BCStyle.CN, "Test")
        .build();
  }

  public TestOrder valid(Instant from, Instant until) {
    return with(order.keys(), from, until, order.usage(), order.purposes(), null, null);
  }

  public TestOrder usage(int usage) {
    return with(order.keys(), order.from(), order.until(), usage, order.purposes(), null, null);
  }

  public TestOrder purposes(KeyPurposeId... purposes) {
    return with(
        order.keys(), order.from(), order.until(), order.usage(), List.of(purposes), null, null);
  }

  public TestOrder keys(KeyPair keys) {
    return with(keys, order.from(), order.until(), order.usage(), order.purposes(), null, null);
  }

  /** Names a responder and a list. */
  public TestOrder pointing(@Nullable URI responder, @Nullable URI list) {
    return with(
        order.keys(),
        order.from(),
        order.until(),
        order.usage(),
        order.purposes(),
        responder,
        list);
  }

  /** Makes it the certificate of an authority, with an RSA key. */
  public TestOrder authority() {
    return new TestOrder(
        new Order(
            order.subject(),
            order.keys(),
            order.from(),
            order.until(),
            true,
            KeyUsage.keyCertSign | KeyUsage.cRLSign,
            List.of(),
            null,
            null));
  }

  private TestOrder with(
      KeyPair keys,
      Instant from,
      Instant until,
      int usage,
      List<KeyPurposeId> purposes,
      @Nullable URI responder,
      @Nullable URI list) {
    return new TestOrder(
        new Order(
            order.subject(),
            keys,
            from,
            until,
            order.authority(),
            usage,
            purposes,
            responder,
            list));
  }

  /** Issues it. */
  public Issued by(TestAuthority authority) {
    return authority.issue(order);
  }

  /** The item of {@code x5c} of one certificate alone. */
  public static String x5c(Issued issued) {
    return issued.x5c().get(0);
  }

  /** The key in the form that forges tokens; it has no id. */
  public static RSAKey rsaKey(Issued issued) {
    return new RSAKey.Builder((RSAPublicKey) issued.certificate().getPublicKey())
        .privateKey(issued.key())
        .build();
  }

  /** Writes the certificates of authorities, each alone, as PEM. */
  public static void writeAnchors(Path file, TestAuthority... authorities) {
    StringBuilder pem = new StringBuilder();
    for (TestAuthority authority : authorities) {
      pem.append(Issued.pem(List.of(authority.self().certificate())));
    }
    try {
      Files.writeString(file, pem);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
