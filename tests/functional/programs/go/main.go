// A function on AWS's own Go library, whose SIGTERM option registers an extension inside the runtime.
package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Name string `json:"name"`
}

func handle(ctx context.Context, e event) (map[string]string, error) {
	if e.Name == "" {
		return nil, fmt.Errorf("nobody to greet")
	}
	told, _ := lambdacontext.FromContext(ctx)
	return map[string]string{"greeting": "Hello, " + e.Name + "!", "requestId": told.AwsRequestID}, nil
}

func main() {
	lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() { fmt.Println("the library was told to end") }))
}
