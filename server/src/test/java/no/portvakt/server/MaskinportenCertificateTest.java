package no.portvakt.server;

import static no.portvakt.server.EnterpriseCertificateAuthority.root;
import static no.portvakt.server.EnterpriseCertificateAuthority.seid1;
import static no.portvakt.server.EnterpriseCertificateAuthority.seid2;
import static no.portvakt.server.EnterpriseCertificateAuthority.writeAnchors;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.CERTIFICATE;
import static no.portvakt.server.MaskinportenClientFixture.KEY_REQUIRED;
import static no.portvakt.server.MaskinportenClientFixture.ORGANISATION;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.X5C;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.DIGDIR;
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
import no.portvakt.server.EnterpriseCertificateAuthority.Issued;
import no.portvakt.server.MaskinportenClientFixture.Expected;
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

  private final EnterpriseCertificateAuthority root = root("Test Root CA");
  private final EnterpriseCertificateAuthority middle = root.below("Test Issuing CA");
  private final EnterpriseCertificateAuthority stranger = root("Test Root CA");
  private final Issued leaf = root.issue(DIGDIR);
  private final Path anchors;
  private final TestStack stack;
  private final String client;

  MaskinportenCertificateTest(@TempDir Path folder) {
    anchors = folder.resolve("anchors.pem");
    writeAnchors(anchors, List.of(root));
    stack = TestStack.start(settings -> trusting(settings, anchors));
    client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
  }

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void acceptsALeafAlone() {
    assertThat(accepts(leaf, List.of(leaf.x5c())))
        .containsEntry("client_amr", "virksomhetssertifikat")
        .containsEntry("client_id", client)
        .containsEntry(
            "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + DIGDIR));
  }

  @Test
  void acceptsAChainWithAndWithoutItsRoot() {
    Issued low = middle.issue(DIGDIR);
    String chain = middle.certificate().x5c();
    accepts(leaf, List.of(leaf.x5c(), root.certificate().x5c()));
    accepts(low, List.of(low.x5c(), chain));
    accepts(low, List.of(low.x5c(), chain, root.certificate().x5c()));
  }

  // Clients that send the leaf alone need the issuing authority as an anchor; others send all.
  @Test
  void acceptsAChainThatGoesOnAboveItsAnchor(@TempDir Path folder) {
    Path file = folder.resolve("anchors.pem");
    Issued low = middle.issue(DIGDIR);
    String above = middle.certificate().x5c();
    String top = root.certificate().x5c();
    for (List<EnterpriseCertificateAuthority> trusted :
        List.of(List.of(middle), List.of(middle, root))) {
      writeAnchors(file, trusted);
      try (TestStack own = TestStack.start(settings -> trusting(settings, file))) {
        String id = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
        for (List<String> x5c :
            List.of(
                List.of(low.x5c()), List.of(low.x5c(), above), List.of(low.x5c(), above, top))) {
          TokenForge grant = grant(own, id).header("x5c", x5c);
          MaskinportenClientFixture.claims(own.requestToken(grant.compact()));
        }
        String strange = stranger.certificate().x5c();
        TokenForge grant = grant(own, id).header("x5c", List.of(low.x5c(), strange, above));
        assertRefused(own, own.requestToken(grant.compact()), CERTIFICATE);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512"})
  void acceptsEachRsaAlgorithm(String algorithm) {
    Map<String, @Nullable Object> claims =
        MaskinportenClientFixture.claims(
            stack.requestToken(
                grant(leaf, List.of(leaf.x5c())).header("alg", algorithm).compact()));
    assertThat(claims).containsEntry("client_amr", "virksomhetssertifikat");
  }

  @Test
  void readsTheOrganisationOfBothGenerations() {
    Issued second = root.issue(seid2("NTRNO-" + DIGDIR), content -> content);
    accepts(second, List.of(second.x5c()));
    X500Name both =
        new X500NameBuilder()
            .addRDN(BCStyle.SERIALNUMBER, "UN:NO-12345")
            .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, "NTRNO-" + DIGDIR)
            .build();
    Issued mixed = root.issue(both, content -> content);
    accepts(mixed, List.of(mixed.x5c()));
    X500Name multi =
        new X500NameBuilder()
            .addRDN(BCStyle.C, "NO")
            .addMultiValuedRDN(
                new ASN1ObjectIdentifier[] {BCStyle.CN, BCStyle.SERIALNUMBER},
                new String[] {"Test", DIGDIR})
            .build();
    Issued multiValued = root.issue(multi, content -> content);
    accepts(multiValued, List.of(multiValued.x5c()));
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
      Issued other = root.issue(subject, content -> content);
      refuses(ORGANISATION, other, List.of(other.x5c()));
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
      Issued other = root.issue(subject, content -> content);
      refuses(ORGANISATION, other, List.of(other.x5c()));
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
    Issued other = root.issue(subject, content -> content);
    refuses(ORGANISATION, other, List.of(other.x5c()));
  }

  @Test
  void refusesACertificateOfAnUnknownAuthority() {
    Issued unknown = stranger.issue(DIGDIR);
    refuses(CERTIFICATE, unknown, List.of(unknown.x5c()));
    refuses(CERTIFICATE, unknown, List.of(unknown.x5c(), stranger.certificate().x5c()));
    refuses(CERTIFICATE, unknown, List.of(unknown.x5c(), root.certificate().x5c()));
    Issued below = middle.issue(DIGDIR);
    refuses(CERTIFICATE, below, List.of(below.x5c()));
    refuses(CERTIFICATE, leaf, List.of(leaf.x5c(), middle.certificate().x5c()));
  }

  @Test
  void refusesACertificateThatACertificateOfNoAuthoritySigned() {
    Issued forged =
        EnterpriseCertificateAuthority.signed(
            leaf,
            seid1(DIGDIR),
            content -> content.keys(EnterpriseCertificateAuthority.keyPair("RSA", 2048)));
    refuses(CERTIFICATE, forged, List.of(forged.x5c(), leaf.x5c()));
    refuses(CERTIFICATE, forged, List.of(forged.x5c(), leaf.x5c(), root.certificate().x5c()));
  }

  @Test
  void refusesACertificateOutsideItsTime() {
    Duration second = Duration.ofSeconds(1);
    Duration year = Duration.ofDays(365);
    Issued last = root.issue(seid1(DIGDIR), c -> c.valid(NOW.minus(year), NOW.plus(second)));
    accepts(last, List.of(last.x5c()));
    Issued expired = root.issue(seid1(DIGDIR), c -> c.valid(NOW.minus(year), NOW.minus(second)));
    refuses(CERTIFICATE, expired, List.of(expired.x5c()));
    Issued first = root.issue(seid1(DIGDIR), c -> c.valid(NOW.minus(second), NOW.plus(year)));
    accepts(first, List.of(first.x5c()));
    Issued early = root.issue(seid1(DIGDIR), c -> c.valid(NOW.plus(second), NOW.plus(year)));
    refuses(CERTIFICATE, early, List.of(early.x5c()));
  }

  @Test
  void refusesACertificateForOtherUses() {
    Issued agreement = root.issue(seid1(DIGDIR), content -> content.usage(KeyUsage.keyAgreement));
    refuses(CERTIFICATE, agreement, List.of(agreement.x5c()));
    Issued encryption =
        root.issue(seid1(DIGDIR), content -> content.usage(KeyUsage.keyEncipherment));
    refuses(CERTIFICATE, encryption, List.of(encryption.x5c()));
    Issued seal = root.issue(seid1(DIGDIR), content -> content.usage(KeyUsage.nonRepudiation));
    accepts(seal, List.of(seal.x5c()));
  }

  @Test
  void refusesAKeyThatIsTooShortOrOfAnotherType() {
    Issued tooShort =
        root.issue(
            seid1(DIGDIR),
            content -> content.keys(EnterpriseCertificateAuthority.keyPair("RSA", 1024)));
    refuses(CERTIFICATE, tooShort, List.of(tooShort.x5c()));
    Issued elliptic =
        root.issue(seid1(DIGDIR), c -> c.keys(EnterpriseCertificateAuthority.keyPair("EC", 256)));
    refuses(SIGNATURE, leaf, List.of(elliptic.x5c()));
  }

  @Test
  void refusesASignatureByAnotherKey() {
    Issued other =
        root.issue(
            seid1(DIGDIR),
            content -> content.keys(EnterpriseCertificateAuthority.keyPair("RSA", 2048)));
    refuses(SIGNATURE, other, List.of(leaf.x5c()));
    refuses(SIGNATURE, root.certificate(), List.of(leaf.x5c(), root.certificate().x5c()));
  }

  @Test
  void refusesAnX5cThatIsNoListOfCertificates() {
    String good = leaf.x5c();
    String url = Base64.getUrlEncoder().encodeToString(leaf.der());
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
    byte[] longer = Arrays.copyOf(leaf.der(), leaf.der().length + 5);
    refuses(X5C, leaf, List.of(Base64.getEncoder().encodeToString(longer)));
    String pem = "-----BEGIN CERTIFICATE-----\n" + leaf.x5c() + "\n-----END CERTIFICATE-----\n";
    byte[] bytes = pem.getBytes(StandardCharsets.US_ASCII);
    refuses(X5C, leaf, List.of(Base64.getEncoder().encodeToString(bytes)));
  }

  @Test
  void refusesEveryMutilatedCertificateWithA400() {
    Random random = new Random(4711);
    for (int i = 0; i < 300; i++) {
      byte[] der = leaf.der();
      der[random.nextInt(der.length)] = (byte) random.nextInt();
      String item = Base64.getEncoder().encodeToString(der);
      var answer = stack.requestToken(grant(leaf, List.of(item)).compact());
      assertThat(answer.statusCode()).as("%s: %s", item, answer.body()).isIn(400, 200);
      if (answer.statusCode() == 200) {
        assertThat(item).isEqualTo(leaf.x5c());
      }
    }
  }

  @Test
  void refusesAKeyIdTogetherWithACertificate() {
    assertRefused(
        stack,
        stack.requestToken(grant(leaf, List.of(leaf.x5c())).header("kid", "x").compact()),
        X5C);
  }

  @Test
  void refusesACertificateFromAClientWithRegisteredKeys() {
    MaskinportenClientFixture registered = MaskinportenClientFixture.of(stack);
    TokenForge grant =
        registered
            .grant()
            .withoutHeader("kid")
            .header("x5c", List.of(leaf.x5c()))
            .signedWith(leaf.rsaKey());
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
    writeAnchors(file, List.of(stranger));
    try (TestStack own = TestStack.start(settings -> trusting(settings, file))) {
      String id = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
      refuses(own, id, CERTIFICATE);
      writeAnchors(file, List.of(stranger, root));
      accepts(own, id);
      Files.writeString(file, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n");
      accepts(own, id); // the last good ones stay
      writeAnchors(file, List.of(stranger));
      Files.setLastModifiedTime(file, FileTime.from(NOW));
      refuses(own, id, CERTIFICATE);
      writeAnchors(file, List.of(root));
      accepts(own, id);
      Files.delete(file);
      refuses(own, id, CERTIFICATE);
    }
  }

  private void accepts(TestStack own, String id) {
    MaskinportenClientFixture.claims(own.requestToken(grant(own, id).compact()));
  }

  private void refuses(TestStack own, String id, Expected expected) {
    assertRefused(own, own.requestToken(grant(own, id).compact()), expected);
  }

  private TokenForge grant(TestStack own, String id) {
    return own.grant(new TestStack.Client(id, leaf.rsaKey()), READ)
        .withoutHeader("kid")
        .header("x5c", List.of(leaf.x5c()));
  }

  private TokenForge grant(Issued signer, @Nullable Object x5c) {
    return stack
        .grant(new TestStack.Client(client, signer.rsaKey()), READ)
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
    return TestStack.withMaskinporten(
        settings, new Settings.Maskinporten(anchors, null, settings.maskinporten().tokens()));
  }
}
