package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.CERTIFICATE;
import static no.portvakt.server.MaskinportenClientFixture.KEY_REQUIRED;
import static no.portvakt.server.MaskinportenClientFixture.ORGANISATION;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.X5C;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.DIGDIR;
import static no.portvakt.server.certificates.TestOrder.root;
import static no.portvakt.server.certificates.TestOrder.rsaKey;
import static no.portvakt.server.certificates.TestOrder.seid1;
import static no.portvakt.server.certificates.TestOrder.seid2;
import static no.portvakt.server.certificates.TestOrder.writeAnchors;
import static no.portvakt.server.certificates.TestOrder.x5c;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import no.portvakt.server.MaskinportenClientFixture.Expected;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.certificates.TestOrder;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenCertificateTest {
  private static final Instant NOW = TestClock.START;

  private final TestAuthority root = root("Test Root CA");
  private final TestAuthority middle = root.below("Test Issuing CA", NOW);
  private final TestAuthority stranger = root("Test Root CA");
  private final Issued leaf = TestOrder.of(DIGDIR).by(root);
  private final Path anchors;
  private final TestStack stack;
  private final String client;

  MaskinportenCertificateTest(@TempDir Path folder) {
    anchors = folder.resolve("anchors.pem");
    writeAnchors(anchors, root);
    stack = TestStack.start(settings -> trusting(settings, anchors));
    client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
  }

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void acceptsALeafAlone() {
    assertThat(accepts(leaf, List.of(x5c(leaf))))
        .containsEntry("client_amr", "virksomhetssertifikat")
        .containsEntry("client_id", client)
        .containsEntry(
            "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + DIGDIR));
  }

  @Test
  void acceptsAChainWithAndWithoutItsRoot() {
    Issued low = TestOrder.of(DIGDIR).by(middle);
    String chain = x5c(middle.self());
    accepts(leaf, List.of(x5c(leaf), x5c(root.self())));
    accepts(low, List.of(x5c(low), chain));
    accepts(low, List.of(x5c(low), chain, x5c(root.self())));
  }

  // Clients that send the leaf alone need the issuing authority as an anchor; others send all.
  @Test
  void acceptsAChainThatGoesOnAboveItsAnchor(@TempDir Path folder) {
    Path file = folder.resolve("anchors.pem");
    Issued low = TestOrder.of(DIGDIR).by(middle);
    String above = x5c(middle.self());
    String top = x5c(root.self());
    for (TestAuthority[] trusted :
        List.of(new TestAuthority[] {middle}, new TestAuthority[] {middle, root})) {
      writeAnchors(file, trusted);
      try (TestStack own = TestStack.start(settings -> trusting(settings, file))) {
        String id = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
        for (List<String> x5c :
            List.of(List.of(x5c(low)), List.of(x5c(low), above), List.of(x5c(low), above, top))) {
          TokenForge grant = grant(own, id).header("x5c", x5c);
          MaskinportenClientFixture.claims(own.requestToken(grant.compact()));
        }
        String strange = x5c(stranger.self());
        TokenForge grant = grant(own, id).header("x5c", List.of(x5c(low), strange, above));
        assertRefused(own, own.requestToken(grant.compact()), CERTIFICATE);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512"})
  void acceptsEachRsaAlgorithm(String algorithm) {
    Map<String, @Nullable Object> claims =
        MaskinportenClientFixture.claims(
            stack.requestToken(grant(leaf, List.of(x5c(leaf))).header("alg", algorithm).compact()));
    assertThat(claims).containsEntry("client_amr", "virksomhetssertifikat");
  }

  @Test
  void readsTheOrganisationOfBothGenerations() {
    Issued second = TestOrder.of(seid2("NTRNO-" + DIGDIR)).by(root);
    accepts(second, List.of(x5c(second)));
    X500Name both =
        new X500NameBuilder()
            .addRDN(BCStyle.SERIALNUMBER, "UN:NO-12345")
            .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, "NTRNO-" + DIGDIR)
            .build();
    Issued mixed = TestOrder.of(both).by(root);
    accepts(mixed, List.of(x5c(mixed)));
    X500Name multi =
        new X500NameBuilder()
            .addRDN(BCStyle.C, "NO")
            .addMultiValuedRDN(
                new ASN1ObjectIdentifier[] {BCStyle.CN, BCStyle.SERIALNUMBER},
                new String[] {"Test", DIGDIR})
            .build();
    Issued multiValued = TestOrder.of(multi).by(root);
    accepts(multiValued, List.of(x5c(multiValued)));
  }

  @Test
  void refusesTheCertificateOfAnotherOrganisation() {
    for (X500Name subject :
        List.of(
            seid1(BRG),
            seid1("991825828"),
            seid1("99182582"),
            seid1(""),
            seid1("NO991825827"),
            seid2("NTRNO-" + BRG),
            seid2("NTRSE-" + DIGDIR),
            seid2(DIGDIR),
            seid2("NTRNO-"),
            seid2("ntrno-" + DIGDIR),
            new X500NameBuilder().addRDN(BCStyle.CN, DIGDIR).build())) {
      Issued other = TestOrder.of(subject).by(root);
      refuses(ORGANISATION, other, List.of(x5c(other)));
    }
  }

  @Test
  void readsNoOrganisationOutOfOtherParts() {
    for (String text :
        List.of(
            "x,SERIAL=" + DIGDIR,
            "x, 2.5.4.5=" + DIGDIR,
            "x\",SERIAL=\"" + DIGDIR,
            "x+SERIAL=" + DIGDIR,
            "NTRNO-" + DIGDIR,
            "x;ORGID=NTRNO-" + DIGDIR,
            "x\\,ORGID=NTRNO-" + DIGDIR)) {
      X500Name subject =
          new X500NameBuilder().addRDN(BCStyle.O, text).addRDN(BCStyle.CN, "Test").build();
      Issued other = TestOrder.of(subject).by(root);
      refuses(ORGANISATION, other, List.of(x5c(other)));
    }
  }

  // SEID 2 decides where a certificate has both: its serialNumber is another number's place.
  @Test
  void prefersTheIdentifierOfTheSecondGeneration() {
    X500Name subject =
        new X500NameBuilder()
            .addRDN(BCStyle.SERIALNUMBER, DIGDIR)
            .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, "NTRNO-" + BRG)
            .build();
    Issued other = TestOrder.of(subject).by(root);
    refuses(ORGANISATION, other, List.of(x5c(other)));
  }

  @Test
  void refusesACertificateOfAnUnknownAuthority() {
    Issued unknown = TestOrder.of(DIGDIR).by(stranger);
    refuses(CERTIFICATE, unknown, List.of(x5c(unknown)));
    refuses(CERTIFICATE, unknown, List.of(x5c(unknown), x5c(stranger.self())));
    refuses(CERTIFICATE, unknown, List.of(x5c(unknown), x5c(root.self())));
    Issued below = TestOrder.of(DIGDIR).by(middle);
    refuses(CERTIFICATE, below, List.of(x5c(below)));
    refuses(CERTIFICATE, leaf, List.of(x5c(leaf), x5c(middle.self())));
  }

  @Test
  void refusesACertificateThatACertificateOfNoAuthoritySigned() {
    Issued forged =
        TestOrder.of(DIGDIR).keys(TestAuthority.keyPair("RSA", 2048)).by(TestAuthority.of(leaf));
    refuses(CERTIFICATE, forged, List.of(x5c(forged), x5c(leaf)));
    refuses(CERTIFICATE, forged, List.of(x5c(forged), x5c(leaf), x5c(root.self())));
  }

  @Test
  void refusesACertificateOutsideItsTime() {
    Duration second = Duration.ofSeconds(1);
    Duration year = Duration.ofDays(365);
    Issued last = TestOrder.of(DIGDIR).valid(NOW.minus(year), NOW.plus(second)).by(root);
    accepts(last, List.of(x5c(last)));
    Issued expired = TestOrder.of(DIGDIR).valid(NOW.minus(year), NOW.minus(second)).by(root);
    refuses(CERTIFICATE, expired, List.of(x5c(expired)));
    Issued first = TestOrder.of(DIGDIR).valid(NOW.minus(second), NOW.plus(year)).by(root);
    accepts(first, List.of(x5c(first)));
    Issued early = TestOrder.of(DIGDIR).valid(NOW.plus(second), NOW.plus(year)).by(root);
    refuses(CERTIFICATE, early, List.of(x5c(early)));
  }

  @Test
  void refusesACertificateForOtherUses() {
    Issued agreement = TestOrder.of(DIGDIR).usage(KeyUsage.keyAgreement).by(root);
    refuses(CERTIFICATE, agreement, List.of(x5c(agreement)));
    Issued encryption = TestOrder.of(DIGDIR).usage(KeyUsage.keyEncipherment).by(root);
    refuses(CERTIFICATE, encryption, List.of(x5c(encryption)));
    Issued seal = TestOrder.of(DIGDIR).usage(KeyUsage.nonRepudiation).by(root);
    accepts(seal, List.of(x5c(seal)));
  }

  @Test
  void refusesAKeyThatIsTooShortOrOfAnotherType() {
    Issued tooShort = TestOrder.of(DIGDIR).keys(TestAuthority.keyPair("RSA", 1024)).by(root);
    refuses(CERTIFICATE, tooShort, List.of(x5c(tooShort)));
    Issued elliptic = TestOrder.of(DIGDIR).keys(TestAuthority.keyPair("EC", 256)).by(root);
    refuses(CERTIFICATE, leaf, List.of(x5c(elliptic)));
  }

  @Test
  void refusesASignatureByAnotherKey() {
    Issued other = TestOrder.of(DIGDIR).keys(TestAuthority.keyPair("RSA", 2048)).by(root);
    refuses(SIGNATURE, other, List.of(x5c(leaf)));
    refuses(SIGNATURE, other, List.of(x5c(leaf), x5c(root.self())));
  }

  @Test
  void refusesAnX5cThatIsNoListOfCertificates() {
    String good = x5c(leaf);
    String url = Base64.getUrlEncoder().encodeToString(der(leaf));
    assertThat(url).containsAnyOf("-", "_");
    for (Object x5c :
        Arrays.asList(
            good,
            null,
            5,
            Map.of("0", good),
            List.of(),
            List.of(List.of(good)),
            List.of(5),
            List.of(good, 5),
            List.of(""),
            List.of("x"),
            List.of(good, ""),
            List.of("AAAA"),
            List.of(url),
            List.of(good.substring(0, good.length() / 8 * 4)),
            List.of(good + "\n"),
            List.of("-----BEGIN CERTIFICATE-----" + good),
            Collections.nCopies(7, good))) {
      refuses(X5C, leaf, x5c);
    }
  }

  // RFC 7515 §4.1.6: each item is one certificate in DER, and nothing after it.
  @Test
  void refusesAnItemThatIsMoreThanOneCertificate() {
    byte[] longer = Arrays.copyOf(der(leaf), der(leaf).length + 5);
    refuses(X5C, leaf, List.of(Base64.getEncoder().encodeToString(longer)));
    String pem = "-----BEGIN CERTIFICATE-----\n" + x5c(leaf) + "\n-----END CERTIFICATE-----\n";
    byte[] bytes = pem.getBytes(StandardCharsets.US_ASCII);
    refuses(X5C, leaf, List.of(Base64.getEncoder().encodeToString(bytes)));
  }

  @Test
  void refusesEveryMutilatedCertificateWithA400() {
    Random random = new Random(4711);
    for (int i = 0; i < 300; i++) {
      byte[] der = der(leaf);
      der[random.nextInt(der.length)] = (byte) random.nextInt();
      String item = Base64.getEncoder().encodeToString(der);
      var answer = stack.requestToken(grant(leaf, List.of(item)).compact());
      assertThat(answer.statusCode()).as("%s: %s", item, answer.body()).isIn(400, 200);
      if (answer.statusCode() == 200) {
        assertThat(item).isEqualTo(x5c(leaf));
      }
    }
  }

  @Test
  void refusesAKeyIdTogetherWithACertificate() {
    assertRefused(
        stack,
        stack.requestToken(grant(leaf, List.of(x5c(leaf))).header("kid", "x").compact()),
        X5C);
  }

  @Test
  void refusesACertificateFromAClientWithRegisteredKeys() {
    MaskinportenClientFixture registered = MaskinportenClientFixture.of(stack);
    TokenForge grant =
        registered
            .grant()
            .withoutHeader("kid")
            .header("x5c", List.of(x5c(leaf)))
            .signedWith(rsaKey(leaf));
    registered.refuses(KEY_REQUIRED, grant);
  }

  @Test
  void trustsNothingWithoutAnchors(@TempDir Path folder) {
    Path missing = folder.resolve("none.pem");
    for (Path file : Arrays.asList(null, missing)) {
      try (TestStack own = TestStack.start(settings -> trusting(settings, file))) {
        String id = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
        refuses(own, id, CERTIFICATE);
      }
    }
  }

  @Test
  void readsTheAnchorsAgainWhenTheirFileChanges(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("anchors.pem");
    writeAnchors(file, stranger);
    try (TestStack own = TestStack.start(settings -> trusting(settings, file))) {
      String id = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
      refuses(own, id, CERTIFICATE);
      writeAnchors(file, stranger, root);
      accepts(own, id);
      Files.writeString(file, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n");
      accepts(own, id); // the last good ones stay
      writeAnchors(file, stranger);
      Files.setLastModifiedTime(file, FileTime.from(NOW));
      refuses(own, id, CERTIFICATE);
      writeAnchors(file, root);
      accepts(own, id);
      Files.delete(file);
      refuses(own, id, CERTIFICATE);
    }
  }

  private static byte[] der(Issued issued) {
    return Base64.getDecoder().decode(x5c(issued));
  }

  private void accepts(TestStack own, String id) {
    MaskinportenClientFixture.claims(own.requestToken(grant(own, id).compact()));
  }

  private void refuses(TestStack own, String id, Expected expected) {
    assertRefused(own, own.requestToken(grant(own, id).compact()), expected);
  }

  private TokenForge grant(TestStack own, String id) {
    return own.grant(new TestStack.Client(id, rsaKey(leaf)), READ)
        .withoutHeader("kid")
        .header("x5c", List.of(x5c(leaf)));
  }

  private TokenForge grant(Issued signer, @Nullable Object x5c) {
    return stack
        .grant(new TestStack.Client(client, rsaKey(signer)), READ)
        .withoutHeader("kid")
        .header("x5c", x5c);
  }

  private Map<String, @Nullable Object> accepts(Issued signer, List<String> x5c) {
    return MaskinportenClientFixture.claims(stack.requestToken(grant(signer, x5c).compact()));
  }

  private void refuses(Expected expected, Issued signer, @Nullable Object x5c) {
    assertRefused(stack, stack.requestToken(grant(signer, x5c).compact()), expected);
  }

  private static Settings trusting(Settings settings, @Nullable Path anchors) {
    return TestStack.withMaskinporten(settings, it -> it.withFiles(anchors, null));
  }
}
