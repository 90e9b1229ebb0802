package no.portvakt.server.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import no.portvakt.server.TestClock;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certificates that the authority for tests would not make: signed with any algorithm. */
final class WeakCertificate {
  private WeakCertificate() {}

  static Issued signedWith(String algorithm, Issued issuer) {
    KeyPair keys = TestAuthority.keyPair("RSA", 2048);
    try {
      byte[] der =
          new JcaX509v3CertificateBuilder(
                  X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded()),
                  BigInteger.TWO,
                  Date.from(TestClock.START.minus(Duration.ofDays(1))),
                  Date.from(TestClock.START.plus(Duration.ofDays(1))),
                  TestOrder.seid1("991825827"),
                  keys.getPublic())
              .build(
                  new JcaContentSignerBuilder(algorithm)
                      .setProvider(new BouncyCastleProvider()) // it alone knows them all
                      .build(issuer.key()))
              .getEncoded();
      return new Issued(
          keys.getPrivate(),
          List.of(
              (X509Certificate)
                  CertificateFactory.getInstance("X.509")
                      .generateCertificate(new ByteArrayInputStream(der))));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }
}
