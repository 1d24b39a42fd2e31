package azure

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// NewCredential reads the files that c names and returns the credential. Asking for a token comes later. The error names the
// key and the file.
func NewCredential(c Credential, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	// A private authority isn't among the instances that Microsoft knows.
	private := c.Authority != ""
	if private {
		options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority, Services: options.Cloud.Services}
	}
	if c.Kind == kindSecret || c.Kind == kindCertificate {
		options.Retry.MaxRetries = -1 // the pipeline tries again; the others' retries are part of finding an identity
	}
	switch c.Kind {
	case kindManaged:
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if c.ClientID != "" {
			o.ID = azidentity.ClientID(c.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(o)
	case kindWorkload:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, ClientID: c.ClientID, TenantID: c.TenantID, TokenFilePath: c.TokenFile, DisableInstanceDiscovery: private,
		})
	case kindSecret:
		secret, err := c.secret()
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: private})
	case kindCertificate:
		return certificateCredential(c, options, private)
	default:
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: options, TenantID: c.TenantID, DisableInstanceDiscovery: private,
		})
	}
}

func certificateCredential(c Credential, options azcore.ClientOptions, private bool) (azcore.TokenCredential, error) {
	certificates, key, err := c.certificate()
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, certificates, key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: private,
		SendCertificateChain: true, // needed where the app trusts the certificate's issuer and name
	})
}

// secret is what is in SecretFile.
func (c *Credential) secret() (string, error) {
	return c.Secrets.File("credential.secret_file", c.SecretFile, nil).Get()
}

// certificate is what is in CertificateFile.
func (c *Credential) certificate() ([]*x509.Certificate, crypto.PrivateKey, error) {
	const name = "credential.certificate_file"
	text, err := c.Secrets.ReadKey(name, c.CertificateFile)
	if err != nil {
		return nil, nil, err
	}
	certificates, key, err := azidentity.ParseCertificates(text, nil)
	if err != nil { // without err's text: it is about the key's bytes
		return nil, nil, fmt.Errorf("%s: %s must hold a certificate and its private key, as PEM or as PKCS#12 without a password", name, c.CertificateFile)
	}
	return certificates, key, nil
}

// CheckFiles reads the files that the credential's kind needs and says what is wrong with them.
func (c *Credential) CheckFiles() (err error) {
	switch c.Kind {
	case kindSecret:
		_, err = c.secret()
	case kindCertificate:
		_, _, err = c.certificate()
	}
	return err
}

// Stamp changes when a file of the credential does.
func (c *Credential) Stamp() string {
	var s strings.Builder
	for _, path := range []string{c.SecretFile, c.CertificateFile} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err == nil:
			fmt.Fprintf(&s, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		case errors.Is(err, os.ErrNotExist):
			fmt.Fprintf(&s, "%s -\n", path)
		}
	}
	return s.String()
}

// Clouds are the SDK's configurations by their names in ours: public, usgov and china.
func Clouds() map[string]cloud.Configuration {
	return map[string]cloud.Configuration{"public": cloud.AzurePublic, "usgov": cloud.AzureGovernment, "china": cloud.AzureChina}
}
