module lambdad.example/library-go

go 1.26.8

require github.com/aws/aws-lambda-go v1.55.1
