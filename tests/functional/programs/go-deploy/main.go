// A deployment tool in small, on AWS's Go SDK: deploy, diff, rollback, delete of the function of a definition.
//
//	deploy ENDPOINT VERB function.json code.zip
//
// The definition is CreateFunction's input as JSON. A deployment publishes a version and moves the alias
// "current" to it; a rollback moves the alias to the version before. diff prints what the server has otherwise.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	alias  = "current"
	within = 60 * time.Second
)

type tool struct {
	client *lambda.Client
	wanted lambda.CreateFunctionInput
	code   []byte
}

func main() {
	endpoint, verb, definition, archive := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	t := tool{client: lambda.NewFromConfig(aws.Config{
		BaseEndpoint: &endpoint,
		Region:       "ap-southeast-2",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	})}
	must(json.Unmarshal(read(definition), &t.wanted))
	t.code = read(archive)
	verbs := map[string]func(context.Context) error{
		"deploy": t.deploy, "diff": t.diff, "rollback": t.rollback, "delete": t.remove,
	}
	must(verbs[verb](context.Background()))
}

func (t *tool) deploy(ctx context.Context) error {
	_, err := t.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: t.wanted.FunctionName})
	version := ""
	switch {
	case missing(err):
		version, err = t.create(ctx)
	case err == nil:
		version, err = t.update(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Println("version", version)
	return t.point(ctx, version)
}

func (t *tool) create(ctx context.Context) (string, error) {
	in := t.wanted
	in.Publish = true
	in.Code = &types.FunctionCode{ZipFile: t.code}
	made, err := t.client.CreateFunction(ctx, &in)
	if err != nil {
		return "", err
	}
	waiter := lambda.NewFunctionActiveV2Waiter(t.client, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	})
	return *made.Version, waiter.Wait(ctx, &lambda.GetFunctionInput{FunctionName: in.FunctionName}, within)
}

func (t *tool) update(ctx context.Context) (string, error) {
	w := t.wanted
	_, err := t.client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: w.FunctionName, Description: w.Description, Environment: w.Environment,
		EphemeralStorage: w.EphemeralStorage, Handler: w.Handler, LoggingConfig: w.LoggingConfig,
		MemorySize: w.MemorySize, Role: w.Role, Runtime: w.Runtime, SnapStart: w.SnapStart,
		Timeout: w.Timeout, TracingConfig: w.TracingConfig,
	})
	if err != nil {
		return "", err
	}
	if err := t.settled(ctx); err != nil {
		return "", err
	}
	if err := t.tag(ctx); err != nil {
		return "", err
	}
	updated, err := t.client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
		FunctionName: w.FunctionName, Architectures: w.Architectures, ZipFile: t.code, Publish: true,
	})
	if err != nil {
		return "", err
	}
	return *updated.Version, t.settled(ctx)
}

func (t *tool) settled(ctx context.Context) error {
	waiter := lambda.NewFunctionUpdatedV2Waiter(t.client, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	})
	return waiter.Wait(ctx, &lambda.GetFunctionInput{FunctionName: t.wanted.FunctionName}, within)
}

// tag brings the tags to what is wanted, none more.
func (t *tool) tag(ctx context.Context) error {
	seen, err := t.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: t.wanted.FunctionName})
	if err != nil {
		return err
	}
	arn := seen.Configuration.FunctionArn
	var gone []string
	for key := range seen.Tags {
		if _, keep := t.wanted.Tags[key]; !keep {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		_, err = t.client.UntagResource(ctx, &lambda.UntagResourceInput{Resource: arn, TagKeys: gone})
	}
	if err == nil && len(t.wanted.Tags) > 0 {
		_, err = t.client.TagResource(ctx, &lambda.TagResourceInput{Resource: arn, Tags: t.wanted.Tags})
	}
	return err
}

// point moves the alias, which the first deployment makes.
func (t *tool) point(ctx context.Context, version string) error {
	_, err := t.client.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: t.wanted.FunctionName, Name: aws.String(alias), FunctionVersion: &version,
	})
	if missing(err) {
		_, err = t.client.CreateAlias(ctx, &lambda.CreateAliasInput{
			FunctionName: t.wanted.FunctionName, Name: aws.String(alias), FunctionVersion: &version,
		})
	}
	return err
}

// diff compares every member of the definition, with what CreateFunction makes of those that are not given.
func (t *tool) diff(ctx context.Context) error {
	seen, err := t.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: t.wanted.FunctionName})
	if err != nil {
		return err
	}
	tags, err := t.client.ListTags(ctx, &lambda.ListTagsInput{Resource: seen.Configuration.FunctionArn})
	if err != nil {
		return err
	}
	c := seen.Configuration
	there := lambda.CreateFunctionInput{
		FunctionName: c.FunctionName, Architectures: c.Architectures, DeadLetterConfig: c.DeadLetterConfig,
		Description: c.Description, EphemeralStorage: c.EphemeralStorage, Handler: c.Handler,
		KMSKeyArn: c.KMSKeyArn, LoggingConfig: c.LoggingConfig, MemorySize: c.MemorySize,
		PackageType: c.PackageType, Role: c.Role, Runtime: c.Runtime, Tags: tags.Tags, Timeout: c.Timeout,
		TracingConfig: &types.TracingConfig{Mode: c.TracingConfig.Mode},
		SnapStart:     &types.SnapStart{ApplyOn: c.SnapStart.ApplyOn},
	}
	if c.Environment != nil {
		there.Environment = &types.Environment{Variables: c.Environment.Variables}
	}
	for _, layer := range c.Layers {
		there.Layers = append(there.Layers, *layer.Arn)
	}
	if c.VpcConfig != nil {
		there.VpcConfig = &types.VpcConfig{
			SubnetIds: c.VpcConfig.SubnetIds, SecurityGroupIds: c.VpcConfig.SecurityGroupIds,
		}
	}
	compare(members(there), members(t.wanted))
	digest := sha256.Sum256(t.code)
	compare(map[string]string{"code": *c.CodeSha256},
		map[string]string{"code": base64.StdEncoding.EncodeToString(digest[:])})
	return nil
}

func (t *tool) rollback(ctx context.Context) error {
	now, err := t.client.GetAlias(ctx, &lambda.GetAliasInput{
		FunctionName: t.wanted.FunctionName, Name: aws.String(alias),
	})
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(*now.FunctionVersion)
	if err != nil {
		return err
	}
	for number--; number > 0; number-- {
		seen, err := t.client.GetFunction(ctx, &lambda.GetFunctionInput{
			FunctionName: t.wanted.FunctionName, Qualifier: aws.String(strconv.Itoa(number)),
		})
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println("version", *seen.Configuration.Version)
		if err := t.point(ctx, *seen.Configuration.Version); err != nil {
			return err
		}
		_, err = t.client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{
			FunctionName: t.wanted.FunctionName, Qualifier: now.FunctionVersion,
		})
		return err
	}
	return errors.New("there is no version to go back to")
}

func (t *tool) remove(ctx context.Context) error {
	_, err := t.client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: t.wanted.FunctionName})
	return err
}

func missing(err error) bool {
	var not *types.ResourceNotFoundException
	return errors.As(err, &not)
}

// members gives the members of a definition as JSON, those that are not set left out.
func members(of lambda.CreateFunctionInput) map[string]string {
	text, err := json.Marshal(of)
	must(err)
	raw := map[string]json.RawMessage{}
	must(json.Unmarshal(text, &raw))
	found := map[string]string{}
	for name, value := range raw {
		if text := string(value); text != "null" && text != `""` && text != "false" {
			found[name] = text
		}
	}
	return found
}

func compare(there, wanted map[string]string) {
	for name, value := range there {
		if wanted[name] != value {
			fmt.Println("-", name, value)
		}
	}
	for name, value := range wanted {
		if there[name] != value {
			fmt.Println("+", name, value)
		}
	}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}
